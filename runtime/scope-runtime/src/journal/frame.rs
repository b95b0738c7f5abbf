//! One record in its frame: `length (4) · CRC-32 (4) · durable (8) · JSON (length)`, numbers little-endian.
//!
//! The checksum is over `durable` and the JSON. `durable` is how much of the file was synced when the frame was made: it
//! is what tells damage from a torn tail.

use serde::Serialize;

/// The longest record, in bytes. Results that are recorded are bounded far below.
pub const LONGEST_RECORD: usize = 16 << 20;
const HEAD: usize = 16;

/// A frame read.
pub(super) struct Frame<'b> {
    /// The JSON.
    pub(super) payload: &'b [u8],
    /// How much of the file was durable when it was written.
    durable: u64,
    /// Head and payload.
    pub(super) length: usize,
}

/// Appends the record's frame to `bytes`.
pub(super) fn encode<R: Serialize>(record: &R, durable: u64, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.extend([0; 8]);
    bytes.extend(durable.to_le_bytes());
    serde_json::to_writer(&mut *bytes, record)
        .expect("records have text keys only, and a Vec takes any bytes");
    let length = u32::try_from(bytes.len() - start - HEAD).expect("records are bounded by LONGEST_RECORD");
    let checksum = crc32(&bytes[start + 8..]);
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    bytes[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
}

/// The whole and unharmed frame that `bytes` begins with.
pub(super) fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
    let length = number(bytes, 0)? as usize;
    if length > LONGEST_RECORD || bytes.len() < HEAD + length {
        return None;
    }
    let durable = u64::from_le_bytes(bytes[8..HEAD].try_into().expect("eight bytes"));
    let is_whole = number(bytes, 4)? == crc32(&bytes[8..HEAD + length]);
    is_whole.then_some(Frame { payload: &bytes[HEAD..HEAD + length], durable, length: HEAD + length })
}

/// How much of the file was durable according to the whole frames found anywhere after `offset`; 0 if there are none.
pub(super) fn durable_after(bytes: &[u8], offset: usize) -> u64 {
    let starts = offset + 1..bytes.len().saturating_sub(HEAD);
    // Checksums are computed only where something looks like a frame: a record is a JSON object.
    let frames =
        starts.filter(|start| bytes[start + HEAD] == b'{').filter_map(|start| decode(&bytes[start..]));
    frames.map(|frame| frame.durable).max().unwrap_or(0)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// CRC-32 as in Ethernet and zip.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}
