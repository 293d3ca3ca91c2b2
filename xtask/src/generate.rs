//! Generates everything that is made from `proto/`, without protoc.
//!
//! Three things come out: messages, clients, field checks, the method table and the descriptor set for `crates/proto`;
//! servers for `crates/rpc`, which decode through our own codec; nothing else is ever edited there by hand.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use prost_reflect::{DescriptorPool, FileDescriptor};

use crate::workspace;

mod methods;
mod requests;

/// What has been generated: paths below the workspace's root, and their contents.
type Outputs = BTreeMap<PathBuf, Vec<u8>>;

const MESSAGES: &str = "crates/proto/src/gen";
const SERVERS: &str = "crates/rpc/src/server/gen";

/// Items whose bytes the gateway encodes once and shares among all readers of a room.
const ENCODED_ONCE: [&str; 2] = [".loquat.events.v1.SubscribeResponse", ".loquat.events.v1.ConnectResponse"];

/// Writes the generated files, or compares them with those checked in.
///
/// # Errors
///
/// Fails where `proto/` does not compile, where a method lacks an option, and, when checking, where a file differs.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let outputs = generate()?;
    let stale = stale_files(&outputs)?;
    if check {
        if !stale.is_empty() {
            bail!("generated files differ from proto/, run `cargo xtask generate`: {stale:?}");
        }
        println!("{} generated files are as proto/ has them", outputs.len());
        return Ok(());
    }
    for folder in [MESSAGES, SERVERS] {
        fs::create_dir_all(workspace::root().join(folder))?;
    }
    for path in &stale {
        match outputs.get(path) {
            Some(content) => fs::write(workspace::root().join(path), content)?,
            None => fs::remove_file(workspace::root().join(path))?,
        }
    }
    println!("{} generated files, {} changed", outputs.len(), stale.len());
    Ok(())
}

fn generate() -> anyhow::Result<Outputs> {
    let descriptors = compile()?;
    let pool = DescriptorPool::decode(descriptors.as_slice())?;
    let mut outputs = Outputs::new();

    messages_and_clients(&mut outputs)?;
    servers(&pool, &mut outputs)?;
    field_checks(&descriptors, &mut outputs)?;
    outputs.insert(Path::new(MESSAGES).join("methods.rs"), format_rust(&methods::table(&pool)?)?.into_bytes());
    outputs.insert(Path::new(MESSAGES).join("descriptors.bin"), descriptors);
    Ok(outputs)
}

fn compiler() -> anyhow::Result<protox::Compiler> {
    let root = workspace::root();
    let mut compiler = protox::Compiler::new([root.join("proto"), root.join("third_party/proto")])?;
    compiler.include_imports(true).include_source_info(true);
    let mut files = Vec::new();
    collect_protos(&root.join("proto"), &mut files)?;
    files.sort();
    // What errors carry, so that reflection can tell a client how to read it.
    files.push(root.join("third_party/proto/google/rpc/error_details.proto"));
    compiler.open_files(files)?;
    Ok(compiler)
}

fn compile() -> anyhow::Result<Vec<u8>> {
    Ok(compiler()?.encode_file_descriptor_set())
}

fn collect_protos(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn messages_and_clients(outputs: &mut Outputs) -> anyhow::Result<()> {
    let folder = scratch("messages")?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .bytes(".")
        .out_dir(&folder)
        .compile_fds(compiler()?.file_descriptor_set())?;
    take(&folder, MESSAGES, outputs)
}

fn servers(pool: &DescriptorPool, outputs: &mut Outputs) -> anyhow::Result<()> {
    let folder = scratch("servers")?;
    let mut builder = tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .codec_path("crate::codec::ServerCodec")
        .out_dir(&folder);
    for package in packages(pool) {
        builder = builder.extern_path(format!(".{package}"), rust_path(&package));
    }
    for message in ENCODED_ONCE {
        builder = builder.extern_path(message, "crate::codec::Encoded");
    }
    builder.compile_fds(compiler()?.file_descriptor_set())?;
    take(&folder, SERVERS, outputs)
}

/// Generates `Validate` for every message with rules, and an empty one for each request that has none, so that the
/// server's codec can judge whatever it decodes.
fn field_checks(descriptors: &[u8], outputs: &mut Outputs) -> anyhow::Result<()> {
    let folder = scratch("checks")?;
    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(requests::only(descriptors)?)
        .fail_on_runtime_only(true)
        .out_dir(&folder)
        .compile()?;
    let mut code = fs::read_to_string(folder.join("validate_impl.rs"))?;
    let pool = DescriptorPool::decode(descriptors)?;
    let mut requests: Vec<String> = pool
        .services()
        .flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>())
        .filter(|input| input.full_name().starts_with("loquat."))
        .map(|input| input.full_name().replace('.', "::"))
        .collect();
    requests.sort();
    requests.dedup();
    // A long name's line is broken before `for`.
    let generated = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for request in requests {
        if !generated.contains(&format!("Validate for {request} {{")) {
            code.push_str(&format!("impl ::prost_protovalidate::Validate for {request} {{\nfn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {{ Ok(()) }}\n}}\n"));
        }
    }
    outputs.insert(Path::new(MESSAGES).join("checks.rs"), format_rust(&code)?.into_bytes());
    Ok(())
}

/// Takes over the files of our packages; those of vendored ones are made by their own crates.
fn take(folder: &Path, target: &str, outputs: &mut Outputs) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a file name in UTF-8")?;
        let content = fs::read(&path)?;
        if name.starts_with("loquat.") && content.iter().filter(|byte| **byte == b'\n').count() > 1 {
            outputs.insert(Path::new(target).join(name), content);
        }
    }
    Ok(())
}

fn packages(pool: &DescriptorPool) -> Vec<String> {
    let mut packages: Vec<String> = pool.files().filter(is_ours).map(|file| file.package_name().to_owned()).collect();
    packages.sort();
    packages.dedup();
    packages
}

fn is_ours(file: &FileDescriptor) -> bool {
    file.package_name().starts_with("loquat.")
}

fn rust_path(package: &str) -> String {
    package.replacen("loquat.", "::loquat_proto.", 1).replace('.', "::")
}

fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace::root().join("target/generate").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn format_rust(code: &str) -> anyhow::Result<String> {
    let path = scratch("format")?.join("code.rs");
    fs::write(&path, code)?;
    let status = std::process::Command::new("rustfmt").args(["--edition", "2024"]).arg(&path).status()?;
    anyhow::ensure!(status.success(), "rustfmt refused the generated code");
    Ok(fs::read_to_string(&path)?)
}

/// Lists the files that differ, are missing, or are there and no longer generated.
fn stale_files(outputs: &Outputs) -> anyhow::Result<Vec<PathBuf>> {
    let root = workspace::root();
    let mut stale: Vec<PathBuf> = outputs
        .iter()
        .filter(|(path, content)| fs::read(root.join(path)).ok().as_ref() != Some(*content))
        .map(|(path, _)| path.clone())
        .collect();
    for folder in [MESSAGES, SERVERS] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let path = Path::new(folder).join(entry?.file_name());
            if !outputs.contains_key(&path) && path.file_name().is_some_and(|name| name != "mod.rs") {
                stale.push(path);
            }
        }
    }
    Ok(stale)
}
