//! What one step does, in words: rendered for each item that is known, and once with `‹item›` in their place.

use super::inputs::{checked, seen_by};
use super::passes::{Pass, Passes, passes};
use super::prepare::{holds, preview};
use super::prepared::{Body, PreparedGuard, command_line};
use super::sight::Sight;
use super::view::{BlockWhat, ItemWhat, What};
use super::viewer::{Failure, Viewer};
use crate::model::{BlockIx, HostIx, RoundIx, StepId, Task, Value, VarValue};
use crate::resource::Declared;
use crate::template::{RenderError, Root, waits_for_secret};

/// By name, as text; and what they wait for.
type Inputs = (Vec<(String, String)>, Vec<String>);

impl Viewer<'_> {
    /// What a step does.
    pub(super) fn what(&self, task: &Task, step: StepId) -> Result<What, Failure> {
        let sight = Sight::Task(step.round, step.task);
        let passes = passes(self.world, self.engine, step.host, sight)?;
        if let ([only], []) = (&passes.all[..], &passes.names[..]) {
            return Ok(self.pass(task, step, only)?);
        }
        let mut whats = Vec::new();
        for pass in &passes.all {
            let item = || Some(pass.labels.join(" / ")).filter(|item| !item.is_empty());
            whats.push(self.pass(task, step, pass).map_err(|error| Failure { error, item: item() })?);
        }
        Ok(self.folded(task, step, &passes, whats))
    }

    /// What all passes have in common, with what each does.
    fn folded(&self, task: &Task, step: StepId, passes: &Passes, whats: Vec<What>) -> What {
        let skipped = whats.first().and_then(|first| first.skipped_by.clone());
        if skipped.is_some() && whats.iter().all(|what| what.skipped_by == skipped) {
            return What { skipped_by: skipped, ..What::default() };
        }
        let ran = whats.iter().position(|what| what.skipped_by.is_none());
        let first = || ran.map_or_else(What::default, |at| whats[at].clone());
        let mut common = match (&whats[..], ran) {
            ([only], Some(_)) if !passes.are_known() => only.clone(),
            _ => self.pass(task, step, &passes.common()).unwrap_or_else(|_| first()),
        };
        common.skipped_by = None;
        common.known_after = Vec::new();
        for after in whats.iter().flat_map(|what| &what.known_after).filter(|after| !passes.names.contains(after)) {
            if !common.known_after.contains(after) {
                common.known_after.push(after.clone());
            }
        }
        if passes.are_known() {
            let items = passes.all.iter().zip(whats).map(|(pass, what)| ItemWhat {
                item: pass.labels.join(" / "),
                command: what.command,
                skipped_by: what.skipped_by,
            });
            common.items = Some(items.collect());
        }
        named(&mut common, &passes.names);
        common
    }

    /// What a step does in one pass.
    fn pass(&self, task: &Task, step: StepId, pass: &Pass) -> Result<What, RenderError> {
        if let Some(skipped_by) = &pass.skipped_by {
            return Ok(What { skipped_by: Some(skipped_by.clone()), ..What::default() });
        }
        let scope = pass.scope(self.world, step.host, Sight::Task(step.round, step.task));
        let mut known_after = pass.waits.clone();
        match holds(&task.when, self.engine, &scope) {
            Ok(None) => {}
            Ok(Some(condition)) => {
                return Ok(What { skipped_by: Some(condition.source.text.trim().to_owned()), ..What::default() });
            }
            Err(RenderError::Pending(steps)) => known_after.extend(steps),
            Err(failed) => return Err(failed),
        }
        let inventory = self.world.inventory();
        let prepared = match preview(task, step.host, inventory, self.engine, &scope) {
            // A condition that waits may yet keep it from being rendered at all.
            Err(RenderError::Failed { message, .. }) if !known_after.is_empty() => {
                return Ok(What { command: format!("‹can't be rendered: {message}›"), known_after, ..What::default() });
            }
            other => other?,
        };
        // What a secret is, is known to whoever put it there: the step itself is known.
        for step in prepared.pending.iter().filter(|step| waits_for_secret(step).is_none()) {
            if !known_after.contains(step) {
                known_after.push(step.clone());
            }
        }
        Ok(What {
            skipped_by: None,
            command: command_line(&prepared),
            items: None,
            guards: prepared.guards.iter().map(PreparedGuard::command_line).collect(),
            on: if task.on.is_empty() { Vec::new() } else { self.names(&prepared.on) },
            become_user: prepared.r#become.as_ref().map(|r#become| r#become.user.clone()),
            become_method: prepared.r#become.as_ref().map(|r#become| r#become.method.word()),
            cwd: prepared.cwd,
            env: prepared.env,
            stdin: prepared.stdin,
            umask: prepared.umask.map(|umask| format!("{umask:03o}")),
            content: match prepared.body {
                Body::Copy { from, .. } => from.text().map(str::to_owned),
                Body::Declared(Declared::Line(line)) if !line.edit.absent => Some(line.edit.line),
                Body::Declared(Declared::Text(text)) => text.edit.text,
                _ => None,
            },
            known_after,
        })
    }

    /// What is known of a block; an action's inputs are rendered for each item, so that each is checked.
    pub(super) fn block_what(&self, round: RoundIx, block: BlockIx, host: HostIx) -> Result<BlockWhat, Failure> {
        let sight = Sight::Block { round, block, own: true };
        let passes = passes(self.world, self.engine, host, sight)?;
        let skipped = passes.all.first().and_then(|pass| pass.skipped_by.clone());
        if skipped.is_some() && passes.all.iter().all(|pass| pass.skipped_by == skipped) {
            return Ok(BlockWhat { skipped_by: skipped, ..BlockWhat::default() });
        }
        let mut what = BlockWhat::default();
        let mut inputs = Vec::new();
        for pass in passes.all.iter().filter(|pass| pass.skipped_by.is_none()) {
            let item = || Some(pass.labels.join(" / ")).filter(|item| !item.is_empty());
            what.known_after.extend(pass.waits.clone());
            inputs.push(self.inputs(round, block, host, pass).map_err(|error| Failure { error, item: item() })?);
        }
        let same = inputs.windows(2).all(|pair| pair[0].0 == pair[1].0);
        what.known_after.extend(inputs.iter().flat_map(|(_, waits)| waits.clone()));
        let shown = match inputs.into_iter().next() {
            Some((first, _)) if same => first,
            Some((first, _)) => self.inputs(round, block, host, &passes.common()).map_or(first, |(inputs, _)| inputs),
            None => Vec::new(),
        };
        what.inputs = shown;
        let goes_through = self.world.playbook().round(round).blocks[block.index()].each.is_some();
        if goes_through && passes.are_known() {
            what.items = Some(passes.all.iter().map(|pass| pass.labels.join(" / ")).collect());
        }
        let mut seen = std::collections::BTreeSet::new();
        what.known_after.retain(|after| !passes.names.contains(after) && seen.insert(after.clone()));
        what.inputs.iter_mut().for_each(|(_, text)| rename(text, &passes.names));
        Ok(what)
    }

    /// An action's inputs, and what they wait for.
    fn inputs(&self, round: RoundIx, block: BlockIx, host: HostIx, pass: &Pass) -> Result<Inputs, RenderError> {
        let round_of = self.world.playbook().round(round);
        let Some(frame) = round_of.blocks[block.index()].frame else { return Ok((Vec::new(), Vec::new())) };
        let (mut shown, mut waits) = (Vec::new(), Vec::new());
        for (name, input) in &round_of.frames[frame.index()].inputs {
            let scope: Root = pass.scope(self.world, host, seen_by(self.world, Sight::Outputs(round, frame), input));
            let text = match self.engine.render_value(&input.value.value, &scope) {
                Ok(value) => match checked(name, input, value)? {
                    Value::Text(text) => text,
                    other => serde_json::to_string(&other).unwrap_or_default(),
                },
                Err(RenderError::Pending(steps)) => {
                    let text = match &input.value.value {
                        VarValue::Template(template) => self.engine.preview(template, &scope)?.text,
                        _ => format!("‹after {}›", steps.join(", ")),
                    };
                    waits.extend(steps);
                    text
                }
                Err(failed) => return Err(failed),
            };
            shown.push((name.clone(), text));
        }
        Ok((shown, waits))
    }
}

/// Writes `‹item›` for what waits for an item.
fn named(what: &mut What, names: &[String]) {
    let texts = std::iter::once(&mut what.command).chain(&mut what.guards).chain(&mut what.on).chain(&mut what.become_user);
    let texts =
        texts.chain(&mut what.cwd).chain(&mut what.stdin).chain(&mut what.content).chain(what.env.iter_mut().map(|(_, value)| value));
    texts.for_each(|text| rename(text, names));
    for item in what.items.iter_mut().flatten() {
        rename(&mut item.command, names);
    }
}

fn rename(text: &mut String, names: &[String]) {
    for name in names {
        *text = text.replace(&format!("‹after {name}›"), &format!("‹{name}›"));
    }
}
