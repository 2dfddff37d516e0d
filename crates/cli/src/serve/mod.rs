//! `kinora serve`: the endpoints of the OpenAI API over HTTP, on this machine only unless told otherwise.

mod http;
mod worker;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::embedded::DeviceArgs;
use crate::failure::{Failure, Outcome};
use crate::text_model::{self, TextArgs};

/// Answer the OpenAI API (chat/completions, completions, responses, embeddings, models) on this machine
#[derive(clap::Args)]
pub struct Args {
    /// A GGUF file, several for several models; the embedded model without it
    #[arg(long)]
    model: Vec<PathBuf>,
    /// 0 takes any free port; the address is printed
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on; others than this machine can reach it only where it is not a loopback address
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Requests must bring it as `Authorization: Bearer KEY`
    #[arg(long, env = "KINORA_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// An origin whose pages may call, such as https://example.org, or * for all; none without it
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Runs the command until it is stopped.
pub fn run(args: &Args) -> Outcome {
    let (models, text, device) = (args.model.clone(), args.text.clone(), args.device.clone());
    let worker = worker::Worker::start(move || Ok(text_model::load(&models, &text, &device)?.0), now)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = SocketAddr::new(args.host, args.port);
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .map_err(|e| Failure::new(format!("{e}. Take another --port, or 0 for any free one")).at(address))?;
        let address = listener.local_addr()?;
        println!("http://{address}/v1");
        if !address.ip().is_loopback() && args.api_key.is_none() {
            eprintln!("warning: whoever reaches {address} can use this engine: set --api-key");
        }
        let gate = http::Gate::new(address, args.api_key.clone(), &args.cors)?;
        axum::serve(listener, http::router(worker, gate)).await?;
        Ok(())
    })
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}
