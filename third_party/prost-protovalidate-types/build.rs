//! Compiles `buf/validate/validate.proto` with protox instead of protoc: the one change to upstream's release.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = "proto";
    let files = ["buf/validate/validate.proto"];
    println!("cargo:rerun-if-changed={root}/{}", files[0]);

    let descriptors = PathBuf::from(env::var("OUT_DIR")?).join("file_descriptor_set.bin");
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    fs::write(&descriptors, compiler.encode_file_descriptor_set())?;

    let mut config = prost_build::Config::new();
    config.skip_protoc_run();

    #[cfg(feature = "reflect")]
    prost_reflect_build::Builder::new()
        .file_descriptor_set_path(&descriptors)
        .descriptor_pool("DESCRIPTOR_POOL")
        .compile_protos_with_config(config, &files, &[root])?;

    #[cfg(not(feature = "reflect"))]
    config.file_descriptor_set_path(&descriptors).compile_protos(&files, &[root])?;

    Ok(())
}
