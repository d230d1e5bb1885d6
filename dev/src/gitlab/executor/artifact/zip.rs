//! Zip archives, stored and not compressed: enough for every unpacker.

use std::io;

fn number(length: usize) -> io::Result<u32> {
    u32::try_from(length)
        .map_err(|_| io::Error::other("artifacts of more than 4 GiB cannot be packed"))
}

/// Packs files.
pub fn pack(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (path, content) in files {
        let at = number(out.len())?;
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let size = number(content.len())?;
        let name = u16::try_from(path.len())
            .map_err(|_| io::Error::other("a path is too long to be packed"))?;
        // Version 2.0, names in UTF-8, stored, the first day a zip can name.
        let mut head = Vec::new();
        head.extend([20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]);
        head.extend(sum.sum().to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(name.to_le_bytes());
        head.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(path.bytes());
        out.extend(content);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&head);
        // No comment, first disk, no attributes inside, an ordinary file outside.
        directory.extend([0, 0, 0, 0, 0, 0]);
        directory.extend(0o100_644_u32.wrapping_shl(16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(path.bytes());
    }
    let count = u16::try_from(files.len())
        .map_err(|_| io::Error::other("too many artifacts to be packed"))?;
    let start = number(out.len())?;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(number(directory.len())?.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    Ok(out)
}
