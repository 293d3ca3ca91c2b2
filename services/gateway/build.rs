//! Finds the built page, or stands a note in for it, so that `cargo build` needs no Node.

use std::{env, fs, io, path::PathBuf};

const NOTE: &str = "<!doctype html><meta charset=utf-8><title>Loquat</title>\
    <p>The page was not built. Run <code>make build</code>. The gRPC API answers on this port all the same.</p>\n";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by its environment")]
fn main() -> io::Result<()> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed={}", built.display());
    let folder = if built.join("index.html").is_file() {
        built.canonicalize()?
    } else {
        let stand_in = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("page");
        fs::create_dir_all(&stand_in)?;
        fs::write(stand_in.join("index.html"), NOTE)?;
        stand_in
    };
    println!("cargo:rustc-env=LOQUAT_WEB_DIST={}", folder.display());
    Ok(())
}
