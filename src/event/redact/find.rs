//! Where in some bytes a secret stands, in any of its forms.
//!
//! All forms are looked for in one pass; places that overlap become one, so that no form hides another.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::forms::{Encoded, Form, encoded, forms};

/// Finds secrets.
pub(super) struct Finder {
    forms: Vec<Form>,
    search: AhoCorasick,
    encoded: Vec<Encoded>,
    search_encoded: AhoCorasick,
    /// The most bytes that one may take.
    pub(super) longest: usize,
}

impl Finder {
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a String>) -> Finder {
        let (mut plain, mut base64) = (BTreeSet::new(), BTreeSet::new());
        for secret in secrets {
            forms(secret, &mut plain);
            encoded(secret, &mut base64);
        }
        let forms: Vec<Form> = plain.into_iter().collect();
        let encoded: Vec<Encoded> = base64.into_iter().collect();
        let longest = forms.iter().map(|form| form.text.len()).max().unwrap_or(0);
        // Encoded text is broken into lines, at 60 signs or more, and one sign on each side belongs to it.
        let longest_encoded = encoded.iter().map(|form| form.text.len() + form.text.len() / 30 + 6).max().unwrap_or(0);
        Finder {
            search: search(forms.iter().map(|form| form.text.as_str())),
            search_encoded: search(encoded.iter().map(|form| form.text.as_str())),
            forms,
            encoded,
            longest: longest.max(longest_encoded),
        }
    }

    /// The places, in order, none touching another.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for place in self.search.find_overlapping_iter(bytes) {
            if !self.forms[place.pattern().as_usize()].word || stands_alone(bytes, place.start()..place.end()) {
                found.push(place.start()..place.end());
            }
        }
        if !self.encoded.is_empty() {
            if bytes.contains(&b'\n') {
                let (signs, places): (Vec<u8>, Vec<usize>) = unbroken(bytes).map(|(place, sign)| (sign, place)).unzip();
                let whole = |range: Range<usize>| places[range.start]..places[range.end - 1] + 1;
                found.extend(self.encoded_in(&signs).map(whole));
            } else {
                found.extend(self.encoded_in(bytes));
            }
        }
        joined(found)
    }

    fn encoded_in<'b>(&'b self, signs: &'b [u8]) -> impl Iterator<Item = Range<usize>> + 'b {
        let is_sign = |at: usize| signs.get(at).is_some_and(|sign| sign.is_ascii_alphanumeric() || b"+/-_".contains(sign));
        self.search_encoded.find_overlapping_iter(signs).map(move |place| {
            let form = &self.encoded[place.pattern().as_usize()];
            let lead = form.lead && place.start().checked_sub(1).is_some_and(is_sign);
            let trail = form.trail && is_sign(place.end());
            place.start() - usize::from(lead)..place.end() + usize::from(trail)
        })
    }
}

fn search<'a>(patterns: impl Iterator<Item = &'a str>) -> AhoCorasick {
    AhoCorasick::new(patterns).expect("secrets are far shorter than the 2 GiB that a search takes")
}

/// The bytes without line breaks, each with its place.
fn unbroken(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    bytes.iter().copied().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'))
}

/// Says whether a place is no part of a longer word or number.
fn stands_alone(bytes: &[u8], place: Range<usize>) -> bool {
    let in_word = |at: Option<usize>| {
        let byte = at.and_then(|at| bytes.get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let starts = in_word(Some(place.start)) && in_word(place.start.checked_sub(1));
    let ends = in_word(place.end.checked_sub(1)) && in_word(Some(place.end));
    !starts && !ends
}

fn joined(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
