//! What the peers are told on the command line.

use std::error::Error;

use clap::Args;
use rdkafka::ClientConfig;

/// Where a peer works.
#[derive(Debug, Args)]
pub struct Place {
    /// Brokers, as HOST:PORT,...; the floor takes one, which leads partition 0
    #[arg(long)]
    pub bootstrap: String,
    /// The topic
    pub topic: String,
}

/// What a peer publishes.
#[derive(Debug, Args)]
pub struct Load {
    /// How many records
    #[arg(long)]
    pub records: u64,
    /// Bytes of each value; there is no key
    #[arg(long)]
    pub size: usize,
}

/// Settings of librdkafka beside those that make the comparison fair.
#[derive(Debug, Args)]
pub struct Settings {
    /// A further setting of librdkafka
    #[arg(short = 'X', value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

impl Settings {
    /// librdkafka's defaults, then `fair`, then what `-X` says.
    ///
    /// # Errors
    ///
    /// When `-X` has no `=`.
    pub fn configure(&self, place: &Place, fair: &[(&str, &str)]) -> Result<ClientConfig, Box<dyn Error>> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &place.bootstrap);
        for (name, value) in fair {
            config.set(*name, *value);
        }
        for setting in &self.settings {
            let (name, value) = setting.split_once('=').ok_or("-X takes NAME=VALUE")?;
            config.set(name, value);
        }
        Ok(config)
    }
}
