//! A listener that speaks TLS, by a key that `keytool` of the JDK makes.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{error::Error, ports::Port, process};

const PASSWORD: &str = "of-the-tests";
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) port: Port,
    keystore: PathBuf,
}

impl Tls {
    pub(crate) fn make(directory: &Path) -> Result<Self, Error> {
        let keystore = directory.join("keystore.p12");
        let mut keytool = Command::new("keytool");
        keytool.args(["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost"]);
        keytool.args(["-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"]).arg(&keystore);
        process::run("keytool", &mut keytool, &directory.join("keytool.log"), LIMIT)?;
        Ok(Self { port: Port::take()?, keystore })
    }

    /// Beside the listeners that a broker has already.
    pub(crate) fn add_to(&self, properties: &mut Vec<(&'static str, String)>) {
        for (name, value) in &mut *properties {
            match *name {
                "listeners" => value.extend([",SSL://127.0.0.1:", &self.port.number.to_string()]),
                "listener.security.protocol.map" => value.push_str(",SSL:SSL"),
                _ => {}
            }
        }
        properties.extend([
            ("ssl.keystore.location", self.keystore.display().to_string()),
            ("ssl.keystore.type", "PKCS12".into()),
            ("ssl.keystore.password", PASSWORD.into()),
            ("ssl.key.password", PASSWORD.into()),
        ]);
    }
}
