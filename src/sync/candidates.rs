//! People whose contact must be created or changed, kept until the directory was read whole.
//!
//! Each is stored as bytes in compressed blocks; what decisions need of all of them at once (a few numbers) stays outside.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::contact::Wanted;

/// What is wanted for one person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Candidate {
    /// The directory's id.
    pub(super) person: String,
    /// One entry for each mapped field, in order.
    pub(super) wanted: Vec<Wanted>,
}

const BLOCK: usize = 64 * 1024;

/// Candidates in the order they came.
#[derive(Default)]
pub(super) struct Candidates {
    blocks: Vec<Box<[u8]>>,
    open: Vec<u8>,
    count: usize,
}

impl Candidates {
    pub(super) fn push(&mut self, candidate: &Candidate) -> Result<(), Error> {
        let open = std::mem::take(&mut self.open);
        self.open = postcard::to_extend(candidate, open).map_err(Error::buffer)?;
        self.count += 1;
        if self.open.len() >= BLOCK {
            self.blocks.push(lz4_flex::compress_prepend_size(&self.open).into());
            self.open.clear();
        }
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Every candidate with its place, block by block; a block is unpacked when it is reached.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<(usize, Candidate), Error>> + '_ {
        let packed = self.blocks.iter().map(|block| lz4_flex::decompress_size_prepended(block).map_err(Error::buffer));
        let open = std::iter::once_with(|| Ok(self.open.clone()));
        let mut place = 0;
        packed.chain(open).flat_map(move |block| {
            let parsed = match block {
                Ok(block) => unpack(&block),
                Err(error) => vec![Err(error)],
            };
            let first = place;
            place += parsed.len();
            parsed.into_iter().enumerate().map(move |(n, candidate)| candidate.map(|candidate| (first + n, candidate)))
        })
    }
}

/// The candidates of one block; what cannot be read ends it.
fn unpack(mut block: &[u8]) -> Vec<Result<Candidate, Error>> {
    let mut candidates = Vec::new();
    while !block.is_empty() {
        match postcard::take_from_bytes(block) {
            Ok((candidate, rest)) => {
                candidates.push(Ok(candidate));
                block = rest;
            }
            Err(error) => {
                candidates.push(Err(Error::buffer(error)));
                break;
            }
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Value;

    #[test]
    fn gives_back_what_was_put_in_across_blocks() {
        let mut candidates = Candidates::default();
        let all: Vec<_> = (0..20_000)
            .map(|n| Candidate {
                person: n.to_string(),
                wanted: vec![Wanted::Set(Value::Text(format!("Åsa {n}\n"))), Wanted::Clear, Wanted::Keep],
            })
            .collect();
        for candidate in &all {
            candidates.push(candidate).unwrap();
        }
        assert!(candidates.blocks.len() > 1);
        let back: Vec<_> = candidates.iter().map(Result::unwrap).collect();
        assert!(back.iter().enumerate().all(|(n, (place, _))| n == *place));
        assert_eq!(back.into_iter().map(|(_, candidate)| candidate).collect::<Vec<_>>(), all);
    }
}
