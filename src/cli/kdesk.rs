//! `contactsync kdesk`: serves the bundled workspace, and keeps its tokens.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;

use super::printer::Printer;
use super::{Failure, Status};
use crate::kdesk::{Auth, Workspace};

/// The name of the token that a file holds, as `token list` shows it.
const TOKEN_FILE: &str = "token-file";

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8085")]
    listen: SocketAddr,
    /// The database file; it is made where there is none
    #[arg(long, value_name = "FILE", default_value = "kdesk.db", global = true)]
    db: PathBuf,
    /// Let anybody on this machine in without a token; only on a loopback address
    #[arg(long)]
    no_auth: bool,
    /// Let in whoever sends the token in this file too, such as one mounted from a Kubernetes Secret; read at start
    #[arg(long, value_name = "FILE", env = "CONTACTSYNC_KDESK_TOKEN_FILE", conflicts_with = "no_auth")]
    token_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Make, list and revoke bearer tokens
    #[command(subcommand)]
    Token(Token),
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Token {
    /// Make a token and print it, this once
    Create {
        /// What it is called
        name: String,
    },
    /// List the tokens by name
    List,
    /// Revoke a token; it is refused from the next request on
    Revoke {
        /// What it is called
        name: String,
    },
}

pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let auth = if args.no_auth { Auth::Open } else { Auth::Bearer };
    let workspace =
        Workspace::open(&args.db, auth).map_err(|error| format!("the workspace {}: {error}", args.db.display()))?;
    if let Some(Command::Token(token)) = args.command {
        return tokens(&workspace, token, printer);
    }
    if let Some(file) = &args.token_file {
        let secret = super::common::token(file)?;
        workspace
            .replace_token(TOKEN_FILE, secret.reveal())
            .map_err(|error| format!("--token-file {}: {error}", file.display()))?;
    }
    if auth == Auth::Bearer && workspace.list_tokens()?.is_empty() {
        printer.warn(&format!(
            "nobody can sign in yet: make a token with contactsync kdesk token create NAME --db {}",
            args.db.display()
        ));
    }
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    printer.say(&format!("serving {} at http://{}/scim/v2", args.db.display(), listener.local_addr()?));
    workspace.serve(listener, shutdown()).await?;
    Ok(Status::Done)
}

fn tokens(workspace: &Workspace, token: Token, printer: &Printer) -> Result<Status, Failure> {
    match token {
        Token::Create { name } => printer.line(&workspace.create_token(&name)?)?,
        Token::List => {
            for token in workspace.list_tokens()? {
                printer.line(&token.name)?;
            }
        }
        Token::Revoke { name } => {
            if !workspace.revoke_token(&name)? {
                return Err(format!("there is no token {name:?}").into());
            }
            printer.say(&format!("revoked {name}"));
        }
    }
    Ok(Status::Done)
}

/// Ends with Ctrl-C, or with SIGTERM as a cluster sends it.
async fn shutdown() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        drop(tokio::signal::ctrl_c().await);
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
