//! Builds all clients with the release profiles of their workspaces.

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::Command,
};

const BENCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The samsa binary, and the directory of the others.
pub(crate) fn programs(samsa: Option<PathBuf>) -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let bench = Path::new(BENCH);
    let samsa = match samsa {
        Some(binary) => binary,
        None => release_directory(&bench.join(".."), "samsa-cli")?.join("samsa"),
    };
    Ok((samsa, release_directory(bench, "peers")?))
}

/// Builds a package and says where its binaries are.
fn release_directory(workspace: &Path, package: &str) -> Result<PathBuf, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = workspace.join("Cargo.toml");
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--quiet", "-p", package, "--manifest-path"]).arg(&manifest);
    if !build.status()?.success() {
        return Err(format!("{package} could not be built").into());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    Ok(target.join("release"))
}
