//! How the flat lists of a view nest again: which blocks and parts begin before a task, and how deep it stands.

use crate::plan::view::{BlockView, HomeView, RoundView};

/// Below a part's label.
const STEP: usize = 4;

/// Something that begins.
pub(super) enum Opened<'a> {
    /// A part or section.
    Label { indent: usize, text: &'static str },
    /// A block, with the entry above it in its list.
    Block { indent: usize, block: &'a BlockView, before: Option<String> },
}

/// Where the reading stands.
pub(super) struct Nest<'a> {
    round: &'a RoundView,
    section: Option<&'static str>,
    /// The blocks that are open, outermost first, each with its part.
    open: Vec<(usize, Option<&'static str>)>,
    /// By list, the last entry in it.
    last: Vec<(HomeView, String)>,
}

impl<'a> Nest<'a> {
    pub(super) fn new(round: &'a RoundView) -> Nest<'a> {
        Nest { round, section: None, open: Vec::new(), last: Vec::new() }
    }

    /// The blocks around an entry, outermost first, each with the part that leads to it.
    fn around(&self, home: &HomeView) -> Vec<(usize, Option<&'static str>)> {
        let mut around = Vec::new();
        let mut home = home;
        while let Some((at, block)) = home.block.and_then(|at| Some((at, self.round.blocks.get(at)?))) {
            around.push((at, home.part));
            home = &block.home;
        }
        around.reverse();
        around
    }

    /// Moves to where a task stands, and says what begins on the way.
    pub(super) fn enter(&mut self, home: &HomeView) -> Vec<Opened<'a>> {
        let around = self.around(home);
        let mut opened = Vec::new();
        if self.section != home.section {
            self.section = home.section;
            self.open.clear();
            opened.extend(home.section.map(|text| Opened::Label { indent: 2, text }));
        }
        let base = self.base();
        let same = self.open.iter().zip(&around).take_while(|(one, other)| one == other).count();
        for (depth, (at, part)) in around.iter().enumerate().skip(same) {
            let round = self.round;
            let block = &round.blocks[*at];
            if self.open.get(depth).is_none_or(|(open, _)| open != at) {
                let before = self.next(&block.home, block.id.as_deref().unwrap_or(&block.name));
                opened.push(Opened::Block { indent: base + STEP * depth, block, before });
            }
            self.open.truncate(depth);
            self.open.push((*at, *part));
            opened.extend(part.map(|text| Opened::Label { indent: base + STEP * depth + 2, text }));
        }
        self.open.truncate(around.len());
        opened
    }

    /// Takes down an entry, and gives the one above it in its list.
    pub(super) fn next(&mut self, home: &HomeView, name: &str) -> Option<String> {
        match self.last.iter_mut().find(|(list, _)| list == home) {
            Some((_, last)) => Some(std::mem::replace(last, name.to_owned())),
            None => {
                self.last.push((home.clone(), name.to_owned()));
                None
            }
        }
    }

    fn base(&self) -> usize {
        if self.section.is_some() { 4 } else { 2 }
    }

    /// The indent of a task here.
    pub(super) fn indent(&self) -> usize {
        self.base() + STEP * self.open.len()
    }
}
