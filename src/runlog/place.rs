//! From what a person writes (`--log-store URL`) to a store: a folder, or a bucket at S3, Google or Azure.
//!
//! Credentials come from each cloud's usual environment variables, workload identity included, and are no part of the
//! URL. Nothing is asked of the store here: whether it works is [`super::RunStore::prove`]'s to say.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use thiserror::Error;
use url::Url;

use super::RunStore;

/// Longest time to reach a store, and longest silence of one.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);
/// Longest time for one request: a log of many megabytes on a slow line.
const REQUEST: Duration = Duration::from_mins(5);
/// A request is tried so often, and not after this long. A run that cannot write its record fails, and is tried again.
const RETRIES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(45);

/// Why no store is meant by a text.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// It is no URL of a kind that is known.
    #[error(
        "{0:?} is no place for run logs: write a folder, file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
    )]
    Unknown(String),
    /// It has parts that mean nothing here.
    #[error("{0}:// holds {1}: write {0}://name/prefix and nothing else; credentials come from the environment")]
    Parts(&'static str, &'static str),
    /// The folder cannot be made or used.
    #[error("the folder {}: {source}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The environment lacks something, or holds something wrong.
    #[error("{scheme}://{name} cannot be used: {problem}. Its settings are the environment variables {variables}")]
    Settings {
        /// Which cloud.
        scheme: &'static str,
        /// The bucket or container.
        name: String,
        /// What the library says of it.
        problem: String,
        /// Where to look.
        variables: &'static str,
    },
}

/// Opens the store that a text names.
pub fn open(text: &str) -> Result<RunStore, PlaceError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return if text.is_empty() || text.contains(':') { Err(unknown(text)) } else { folder(Path::new(text)) };
    };
    match scheme {
        "file" => match rest.strip_prefix("localhost").unwrap_or(rest) {
            path if path.starts_with('/') => folder(&decoded(path, text)?),
            _ => Err(unknown(text)),
        },
        "s3" => s3(&Bucket::parse("s3", text)?),
        "gs" => gs(&Bucket::parse("gs", text)?),
        "az" => az(&Bucket::parse("az", text)?),
        _ => Err(unknown(text)),
    }
}

/// Opens a store in a folder, which is made where it is not there.
pub fn folder(path: &Path) -> Result<RunStore, PlaceError> {
    let failed = |source| PlaceError::Folder { path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(failed)?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| failed(error.into()))?;
    Ok(RunStore::in_folder(Arc::new(store), path))
}

fn unknown(text: &str) -> PlaceError {
    // Whatever stands before an @ may be a password.
    let shown = text.rsplit_once('@').map_or(text, |(_, shown)| shown);
    PlaceError::Unknown(shown.chars().take(200).collect())
}

fn decoded(path: &str, text: &str) -> Result<PathBuf, PlaceError> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    decoded.map(|path| PathBuf::from(path.into_owned())).map_err(|_not_utf8| unknown(text))
}

/// `<scheme>://<name>/<prefix>`.
#[derive(Debug, Eq, PartialEq)]
struct Bucket {
    name: String,
    prefix: object_store::path::Path,
}

impl Bucket {
    fn parse(scheme: &'static str, text: &str) -> Result<Self, PlaceError> {
        let url = Url::parse(text).map_err(|_why| unknown(text))?;
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or_else(|| unknown(text))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PlaceError::Parts(scheme, "a user name or password"));
        }
        if url.port().is_some() {
            return Err(PlaceError::Parts(scheme, "a port"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(PlaceError::Parts(scheme, "a query"));
        }
        let prefix = object_store::path::Path::from_url_path(url.path()).map_err(|_why| unknown(text))?;
        Ok(Self { name: name.to_owned(), prefix })
    }

    fn within(&self, store: impl ObjectStore) -> RunStore {
        if self.prefix.as_ref().is_empty() {
            return RunStore::in_bucket(Arc::new(store));
        }
        RunStore::in_bucket(Arc::new(PrefixStore::new(store, self.prefix.clone())))
    }

    fn wrong<'a>(
        &'a self,
        scheme: &'static str,
        variables: &'static str,
    ) -> impl FnOnce(object_store::Error) -> PlaceError + 'a {
        move |error| {
            let problem = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            PlaceError::Settings { scheme, name: self.name.clone(), problem, variables }
        }
    }
}

fn s3(bucket: &Bucket) -> Result<RunStore, PlaceError> {
    let builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name).with_retry(retry());
    // What the environment says of the client (AWS_ALLOW_HTTP and the like) is kept.
    let mut builder = builder;
    for (key, value) in client_settings() {
        builder = builder.with_config(object_store::aws::AmazonS3ConfigKey::Client(key), value);
    }
    Ok(bucket.within(builder.build().map_err(bucket.wrong("s3", "AWS_*"))?))
}

fn gs(bucket: &Bucket) -> Result<RunStore, PlaceError> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&bucket.name).with_retry(retry());
    for (key, value) in client_settings() {
        builder = builder.with_config(object_store::gcp::GoogleConfigKey::Client(key), value);
    }
    Ok(bucket.within(builder.build().map_err(bucket.wrong("gs", "GOOGLE_*"))?))
}

fn az(container: &Bucket) -> Result<RunStore, PlaceError> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(&container.name).with_retry(retry());
    for (key, value) in client_settings() {
        builder = builder.with_config(object_store::azure::AzureConfigKey::Client(key), value);
    }
    let variables = "AZURE_* (AZURE_STORAGE_ACCOUNT_NAME names the account)";
    Ok(container.within(builder.build().map_err(container.wrong("az", variables))?))
}

fn client_settings() -> [(object_store::ClientConfigKey, String); 3] {
    use object_store::ClientConfigKey::{ConnectTimeout, ReadTimeout, Timeout};
    let seconds = |time: Duration| format!("{} seconds", time.as_secs());
    [(ConnectTimeout, seconds(CONNECT)), (ReadTimeout, seconds(SILENCE)), (Timeout, seconds(REQUEST))]
}

fn retry() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: PATIENCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        open(text).err().unwrap().to_string()
    }

    #[test]
    fn what_is_no_place_is_refused_with_what_to_write() {
        for text in ["", "ftp://bucket/x", "s3:bucket", "s3://", "file://folder/x", "https://s3.example/x"] {
            assert!(refused(text).contains("s3://bucket/prefix"), "{text}: {}", refused(text));
        }
        assert!(refused("s3://key:secret@bucket/x").contains("credentials come from the environment"));
        assert!(!refused("s3://key:secret@bucket/x").contains("secret"));
        assert!(!refused("ftp://key:secret@bucket/x").contains("secret"));
        assert!(refused("gs://bucket:80/x").contains("a port"));
        assert!(refused("az://container/x?sv=1").contains("a query"));
    }

    #[test]
    fn bucket_and_prefix_are_told_apart() {
        let parse = |text| Bucket::parse("s3", text).unwrap();
        let one = parse("s3://acme-logs/eu/prod/");
        assert_eq!((one.name.as_str(), one.prefix.as_ref()), ("acme-logs", "eu/prod"));
        assert_eq!(parse("s3://acme-logs").prefix.as_ref(), "");
        assert_eq!(parse("s3://acme_Logs/").name, "acme_Logs");
    }

    #[tokio::test]
    async fn a_folder_is_named_plainly_or_by_url() {
        let home = tempfile::tempdir().unwrap();
        let plain = home.path().join("a folder");
        open(plain.to_str().unwrap()).unwrap().prove().await.unwrap();
        let url = format!("file://{}", home.path().join("a%20folder").display());
        open(&url).unwrap().prove().await.unwrap();
        let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a folder"]);
        let file = home.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(refused(file.to_str().unwrap()).contains("file: File exists"), "{}", refused(file.to_str().unwrap()));
    }
}
