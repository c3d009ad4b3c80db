//! What the targets share: files read as a directory reads them, people compared and written out again.

pub mod cel;
pub mod checks;
pub mod documents;
pub mod files;
pub mod print;
pub mod program;

/// A number that any change of the input changes: where a target must choose without spending input on it.
pub fn mix(data: &[u8]) -> usize {
    let hash = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 17) as usize
}
