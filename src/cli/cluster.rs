//! Which cluster a command speaks to, as kubectl's flags say it.

use std::path::PathBuf;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::Failure;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct ClusterArgs {
    /// A kubeconfig; absent: those that KUBECONFIG lists or ~/.kube/config, or inside a cluster the service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; absent: its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl ClusterArgs {
    /// Whether a flag names one.
    pub(super) fn given(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }

    /// Whether there is one to speak to without any flag: a kubeconfig where kubectl looks for it, or a service account.
    pub(super) fn there() -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let home = std::env::home_dir().is_some_and(|home| home.join(".kube/config").exists());
        set("KUBECONFIG") || set("KUBERNETES_SERVICE_HOST") || home
    }

    /// How to reach it.
    pub(super) async fn config(&self) -> Result<Config, Failure> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        if let Some(file) = &self.kubeconfig {
            let read =
                Kubeconfig::read_from(file).map_err(|error| format!("--kubeconfig {}: {error}", file.display()))?;
            return Ok(Config::from_custom_kubeconfig(read, &options).await?);
        }
        if self.context.is_some() {
            return Ok(Config::from_kubeconfig(&options).await?);
        }
        Config::infer().await.map_err(|error| {
            format!("no cluster: give --kubeconfig FILE, or run inside a cluster with a service account ({error})")
                .into()
        })
    }
}

/// Namespace and name of an object that is given as a name, or as `<namespace>/<name>`.
pub(super) fn named(text: &str, namespace: Option<&str>, default: &str) -> Result<(String, String), Failure> {
    match (text.split_once('/'), namespace) {
        (Some((namespace, _)), Some(other)) if namespace != other => {
            Err(format!("{text} and --namespace {other} name two namespaces: give one").into())
        }
        (Some((namespace, name)), _) => Ok((namespace.to_owned(), name.to_owned())),
        (None, given) => Ok((given.unwrap_or(default).to_owned(), text.to_owned())),
    }
}

/// A client for somebody who waits: what is not there now is told now.
pub(super) fn client(mut config: Config) -> Result<kube::Client, Failure> {
    config.default_retry = false;
    Ok(kube::Client::try_from(config).map_err(|error| format!("the API server: {error}"))?)
}
