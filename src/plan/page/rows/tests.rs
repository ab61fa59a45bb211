//! Nothing lies on anything else, whatever is joined to what.

use proptest::prelude::*;

use super::*;

/// Left, top, right, bottom.
type Area = (i32, i32, i32, i32);

fn apart(one: Area, other: Area) -> bool {
    one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1
}

fn all_apart(areas: &[Area]) -> bool {
    areas.iter().enumerate().all(|(at, one)| areas[..at].iter().all(|other| apart(*one, *other)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn boxes_and_labels_lie_apart(
        sizes in prop::collection::vec((20..300_i32, 20..200_i32), 1..14),
        joins in prop::collection::vec((0..14_usize, 0..14_usize, 0..3_usize), 0..30),
        ends in 0..3_usize,
    ) {
        let count = sizes.len();
        let last: Vec<bool> = (0..count).map(|index| index + ends >= count).collect();
        let mut known = std::collections::BTreeSet::new();
        let joins: Vec<Join> = joins
            .into_iter()
            .map(|(one, other, label)| (one % count, other % count, label))
            .map(|(one, other, label)| (one.min(other), one.max(other), label))
            .filter(|(from, to, _)| from < to && known.insert((*from, *to)))
            .map(|(from, to, label)| Join { from, to, label: ["", "data", "notify a → b"][label].to_owned() })
            .collect();
        let rows = arrange(&sizes, &joins, &last);
        let boxes: Vec<Area> = rows.places.iter().zip(&sizes).map(|((x, y), (w, h))| (*x, *y, x + w, y + h)).collect();
        prop_assert!(all_apart(&boxes));
        let labels = rows.wires.iter().filter_map(|wire| wire.label.as_ref()).map(|(x, y, label)| (*x, y - 12, x + length(label), y + 3));
        let labels: Vec<Area> = labels.collect();
        prop_assert_eq!(labels.len(), joins.iter().filter(|join| !join.label.is_empty()).count());
        let all: Vec<Area> = boxes.iter().copied().chain(labels).collect();
        prop_assert!(all_apart(&all), "a label lies on something");
        for area in &all {
            prop_assert!(area.0 >= 0 && area.1 >= 0 && area.2 <= rows.width && area.3 <= rows.height, "{area:?} is outside");
        }
        prop_assert_eq!(rows.wires.len(), joins.len());
        for (join, wire) in joins.iter().zip(&rows.wires) {
            prop_assert!(boxes[join.from].3 <= boxes[join.to].1, "what waits stands below");
            let (first, end) = (wire.points[0], wire.points[wire.points.len() - 1]);
            let begins = first.1 == boxes[join.from].3 && (boxes[join.from].0..=boxes[join.from].2).contains(&first.0);
            let branches = joins.iter().zip(&rows.wires).any(|(other, shown)| other.from == join.from && other.to != join.to && shown.points.contains(&first));
            prop_assert!(begins || branches, "a wire begins at its box, or where another from there goes on");
            prop_assert!(end.1 == boxes[join.to].1 && (boxes[join.to].0..=boxes[join.to].2).contains(&end.0));
            for pair in wire.points.windows(2) {
                let line = (pair[0].0.min(pair[1].0), pair[0].1, pair[0].0.max(pair[1].0), pair[1].1);
                prop_assert!(line.0 == line.2 || line.1 == line.3, "lines are straight: {:?}", wire.points);
                prop_assert!(line.1 <= line.3, "lines lead down");
                prop_assert!(boxes.iter().all(|shape| line.2 <= shape.0 || line.0 >= shape.2 || line.3 <= shape.1 || line.1 >= shape.3), "a line runs through a box");
            }
        }
        for index in (0..count).filter(|index| last[*index]) {
            prop_assert!(boxes[..index].iter().all(|above| above.3 <= boxes[index].1), "a part comes last");
        }
    }
}

#[test]
fn a_circle_does_not_hang() {
    let join = |from, to| Join { from, to, label: String::new() };
    let rows = arrange(&[(10, 10), (10, 10)], &[join(0, 1), join(1, 0)], &[false, false]);
    assert_eq!(rows.places.len(), 2);
}

#[test]
fn nothing_is_nothing() {
    let rows = arrange(&[], &[], &[]);
    assert_eq!((rows.width, rows.height, rows.wires.len()), (0, 0, 0));
}

#[test]
fn what_all_wait_for_takes_one_gap() {
    let joins: Vec<Join> = (1..800)
        .flat_map(|to| {
            let order = Join { from: to - 1, to, label: String::new() };
            let data = Join { from: 0, to, label: "data".to_owned() };
            if to == 1 { vec![order] } else { vec![order, data] }
        })
        .collect();
    let rows = arrange(&[(100, 20); 800], &joins, &[false; 800]);
    assert!(rows.width < 300, "{}", rows.width);
    assert!(rows.wires.iter().map(|wire| wire.points.len()).sum::<usize>() < 10_000);
}
