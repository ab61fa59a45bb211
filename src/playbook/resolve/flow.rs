//! Repetition of tasks and blocks, and how a round goes through its hosts.

use std::time::Duration;

use super::Lower;
use crate::diag::Diagnostic;
use crate::inventory::{Mode, select_list, var_value};
use crate::model::{BatchSize, Context, Each, EachItems, HostIx, Retry, RoundFlow};
use crate::playbook::{codes, syntax};

/// Further attempts where only `until` is written.
const RETRIES: u32 = 3;
/// The wait where `delay` says nothing.
const DELAY: Duration = Duration::from_secs(1);

impl Lower<'_> {
    pub(super) fn each(&mut self, each: Option<&syntax::Each>) -> Option<Each> {
        let each = each?;
        let items = match &each.items {
            syntax::EachItems::Written(node) => EachItems::Written(var_value(node, self.engine, self.diagnostics)),
            syntax::EachItems::Expression(text) => EachItems::Expression(self.template(text, Context::Expression)),
        };
        let name = each.name.as_ref().map_or_else(|| "item".to_owned(), |name| name.text.clone());
        Some(Each { items, name, parallel: each.parallel.map_or(1, |(parallel, _)| parallel), span: each.span })
    }

    /// What something says of attempts, else what `defaults` say.
    pub(super) fn retry(&mut self, own: &syntax::Retry, defaults: &syntax::Retry) -> Option<Retry> {
        let until = own.until.as_ref().map(|until| self.condition(until, "`until`"));
        let retries = match own.retries.or(defaults.retries) {
            Some((retries, _)) => retries,
            None if until.is_some() => RETRIES,
            None => {
                let alone = own.delay.map(|(_, span)| ("delay", span)).or(own.backoff.map(|(_, span)| ("backoff", span)));
                if let Some((key, span)) = alone {
                    let found = Diagnostic::error(codes::MISSING_KEY, span, format!("`{key}` without `retries`"));
                    self.diagnostics.push(found.note("it is the wait before another attempt").hint("write `retries: 3` too".to_owned()));
                }
                return None;
            }
        };
        let delay = own.delay.or(defaults.delay).map_or(DELAY, |(delay, _)| delay);
        let backoff = own.backoff.or(defaults.backoff).map_or(1.0, |(backoff, _)| backoff);
        (retries > 0 || until.is_some()).then_some(Retry { retries, delay, backoff, until })
    }

    /// Batches and limits of a round; `hosts` are the round's.
    pub(super) fn round_flow(&mut self, flow: &syntax::RoundFlow, hosts: &[HostIx]) -> RoundFlow {
        let batch = flow.batch.iter().map(|size| match size {
            syntax::Batch::Count(count) => BatchSize::Count(*count),
            syntax::Batch::Percent(percent) => BatchSize::Percent(*percent),
            syntax::Batch::Hosts(text) => {
                let chosen = select_list(self.inventory, &[text], Mode::Hosts, self.diagnostics);
                BatchSize::Hosts(chosen.into_iter().filter(|host| hosts.contains(host)).collect())
            }
        });
        let batch = batch.collect();
        RoundFlow {
            batch,
            pause: flow.pause.map(|(pause, _)| pause).unwrap_or_default(),
            max_failures: flow.max_failures,
            max_wait: flow.max_wait,
            skip_unreachable: flow.skip_unreachable,
            confirm: flow.confirm.as_ref().map(|question| self.text(question)),
            chosen: None,
        }
    }
}
