//! A backup as one file: a tar archive (POSIX.1-1988 "ustar", with GNU's form of sizes from 8 GiB on).

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write},
    path::Path,
};

use anyhow::{Context as _, bail, ensure};

use super::{MANIFEST, Manifest};

const BLOCK: usize = 512;
/// The largest size that eleven octal digits say.
const OCTAL_SIZE: u64 = 0o777_7777_7777;

/// Packs the files of a backup, its manifest first, and waits until the archive is on the disk.
pub(super) fn pack(folder: &Path, manifest: &Manifest, to: &Path) -> anyhow::Result<()> {
    let mut archive = BufWriter::with_capacity(1 << 20, File::create_new(to)?);
    let names = std::iter::once(MANIFEST).chain(manifest.files.iter().map(|file| file.name.as_str()));
    for name in names {
        let mut file = File::open(folder.join(name))?;
        let bytes = file.metadata()?.len();
        archive.write_all(&header(name, bytes)?)?;
        let copied = io::copy(&mut file, &mut archive)?;
        ensure!(copied == bytes, "{name} changed while it was packed");
        archive.write_all(&vec![0; padding(bytes)])?;
    }
    archive.write_all(&[0; 2 * BLOCK])?;
    archive.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

/// Unpacks the files of an archive into a folder.
pub(crate) fn unpack(from: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut archive = BufReader::with_capacity(1 << 20, File::open(from)?);
    let mut block = [0; BLOCK];
    loop {
        archive.read_exact(&mut block).context("the archive ends in its middle")?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let (name, bytes) = entry(&block)?;
        let is_plain = Path::new(&name).file_name().is_some_and(|plain| plain == name.as_str());
        ensure!(is_plain, "{name:?} is no file of a backup");
        let mut file = File::create_new(folder.join(&name)).with_context(|| format!("{name} cannot be unpacked"))?;
        let copied = io::copy(&mut archive.by_ref().take(bytes), &mut file)?;
        ensure!(copied == bytes, "the archive ends within {name}");
        let padding = i64::try_from(padding(bytes)).unwrap_or_default();
        archive.seek(SeekFrom::Current(padding))?;
    }
}

fn padding(bytes: u64) -> usize {
    // It is less than a block.
    (BLOCK - (bytes % BLOCK as u64) as usize) % BLOCK
}

fn header(name: &str, bytes: u64) -> anyhow::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    ensure!(name.len() <= 100, "{name} is too long a name");
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    if bytes <= OCTAL_SIZE {
        put(124, format!("{bytes:011o}\0").as_bytes());
    } else {
        put(124, &[0x80, 0, 0, 0]);
        put(128, &bytes.to_be_bytes());
    }
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

/// Reads the name and the size of an entry.
fn entry(block: &[u8; BLOCK]) -> anyhow::Result<(String, u64)> {
    let written: u64 = octal(&block[148..156])?;
    let sum = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) });
    ensure!(sum.sum::<u64>() == written, "the archive is damaged: the sum of an entry is wrong");
    ensure!(matches!(block[156], b'0' | 0), "it has something else than files in it");
    let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8(name.to_vec()).context("a name is not UTF-8")?;
    let size = &block[124..136];
    let bytes =
        if size[0] == 0x80 { u64::from_be_bytes(size[4..].try_into().context("a size")?) } else { octal(size)? };
    Ok((name, bytes))
}

fn octal(field: &[u8]) -> anyhow::Result<u64> {
    let digits = field.split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
    match std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 8).ok()) {
        Some(number) => Ok(number),
        None => bail!("the archive is damaged, or is no archive"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use loquat_ids::Timestamp;

    use super::*;
    use crate::backup::{Counts, Entry};

    fn packed(files: &[(&str, &[u8])]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut manifest = Manifest::begin(Timestamp::from_micros(0), "a-life".to_owned(), Counts::default());
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
            let entry = Entry { name: (*name).to_owned(), bytes: 0, sha256: String::new(), schema: Vec::new() };
            manifest.files.push(entry);
        }
        manifest.write(folder.path()).expect("a manifest");
        let archive = folder.path().join("out.tar");
        pack(folder.path(), &manifest, &archive).expect("an archive");
        (folder, archive)
    }

    #[test]
    fn an_archive_gives_back_what_was_packed_and_tar_reads_it() {
        let files: [(&str, &[u8]); 4] =
            [("empty", b""), ("one", b"1"), ("block", &[7; BLOCK]), ("more", &[9; 3 * BLOCK + 5])];
        let (_folder, archive) = packed(&files);
        let out = tempfile::tempdir().expect("a folder");
        unpack(&archive, out.path()).expect("the files");
        for (name, text) in files {
            assert_eq!(fs::read(out.path().join(name)).expect("a file"), text, "{name}");
        }
        let listed = std::process::Command::new("tar").arg("tf").arg(&archive).output().expect("tar runs");
        assert_eq!(String::from_utf8_lossy(&listed.stdout), "manifest.json\nempty\none\nblock\nmore\n");
    }

    #[test]
    fn a_damaged_archive_is_told() {
        let (_folder, archive) = packed(&[("one", b"1")]);
        let whole = fs::read(&archive).expect("an archive");
        let out = tempfile::tempdir().expect("a folder");
        for (damage, at) in [("a changed name", 3), ("a changed size", 130)] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&archive, damaged).expect("an archive");
            assert!(unpack(&archive, out.path()).is_err(), "{damage}");
        }
        fs::write(&archive, &whole[..BLOCK + 3]).expect("an archive");
        assert!(unpack(&archive, out.path()).is_err(), "an end in the middle");
    }

    #[test]
    fn sizes_of_any_length_are_told() {
        for bytes in [0, 511, OCTAL_SIZE, OCTAL_SIZE + 1, 1 << 40] {
            let block = header("a", bytes).expect("a header");
            assert_eq!(entry(&block).expect("an entry"), ("a".to_owned(), bytes));
        }
    }
}
