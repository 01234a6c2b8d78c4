//! The connection to Temporal. It is made late and by patience: the server may start after us.

use std::time::Duration;

use anyhow::{Context, Result};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url, tonic::IntoRequest,
};
use temporalio_common::protos::temporal::api::{
    enums::v1::IndexedValueType, operatorservice::v1::AddSearchAttributesRequest,
};
use workflows::names;

/// Where Temporal is, and which namespace is ours.
#[derive(Debug, Clone)]
pub struct TemporalOptions {
    /// `host:port` or a URL.
    pub address: String,
    pub namespace: String,
}

/// The SDK neither retries a connection nor gives up on a server that accepts and never answers.
const ONE_TRY: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Connects, for as long as it takes, and makes sure that the search attributes exist.
pub async fn connect(options: &TemporalOptions, identity: &str) -> Result<Client> {
    let url = address(options)?;
    let mut silent = false;
    loop {
        match tokio::time::timeout(ONE_TRY, open(&url, options, identity)).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) if !silent => tracing::warn!(%error, "Temporal does not answer yet"),
            Err(_) if !silent => tracing::warn!("Temporal accepts connections and does not answer"),
            _ => {}
        }
        silent = true;
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

/// Connects, or fails: for a command that can do without.
pub async fn connect_once(options: &TemporalOptions, identity: &str) -> Result<Client> {
    let url = address(options)?;
    let opened = tokio::time::timeout(ONE_TRY, open(&url, options, identity)).await;
    opened.context("Temporal does not answer")?
}

fn address(options: &TemporalOptions) -> Result<Url> {
    let address = if options.address.contains("://") {
        options.address.clone()
    } else {
        format!("http://{}", options.address)
    };
    address
        .parse()
        .with_context(|| format!("TEMPORAL_ADDRESS: {address:?} is not an address"))
}

async fn open(url: &Url, options: &TemporalOptions, identity: &str) -> Result<Client> {
    let connection = Connection::connect(
        ConnectionOptions::new(url.clone())
            .identity(identity)
            .build(),
    )
    .await?;
    let client = Client::new(
        connection,
        ClientOptions::new(options.namespace.as_str()).build(),
    )?;
    add_search_attributes(&client).await?;
    Ok(client)
}

/// Adding one that exists is answered with OK and changes nothing.
async fn add_search_attributes(client: &Client) -> Result<()> {
    let keyword = IndexedValueType::Keyword as i32;
    let request = AddSearchAttributesRequest {
        namespace: client.options().namespace.clone(),
        search_attributes: [
            (names::TENANT.to_owned(), keyword),
            (names::STATE.to_owned(), keyword),
            (names::TRACE.to_owned(), keyword),
            (names::NEXT_AT.to_owned(), IndexedValueType::Datetime as i32),
        ]
        .into(),
    };
    client
        .connection()
        .operator_service()
        .add_search_attributes(request.into_request())
        .await?;
    Ok(())
}
