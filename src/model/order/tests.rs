//! Who comes before whom, in both orders.

use proptest::prelude::*;

use super::*;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

fn assert_ascending(compare: fn(&Labels, &Labels) -> Ordering, sets: &[&[(&str, &str)]]) {
    for pair in sets.windows(2) {
        let (a, b) = (labels(pair[0]), labels(pair[1]));
        assert_eq!(compare(&a, &b), Ordering::Less, "{a} before {b}");
        assert_eq!(compare(&b, &a), Ordering::Greater, "{b} after {a}");
        assert_eq!(compare(&a, &a), Ordering::Equal);
    }
}

#[test]
fn small_sets_come_first_then_the_set_without_the_first_differing_name() {
    assert_ascending(
        compare_label_sets,
        &[
            &[],
            &[("z", "9")],
            &[("b", "1"), ("c", "1")],
            &[("a", "1"), ("c", "1")],
            &[("a", "1"), ("b", "1")],
            &[("a", "1"), ("b", "2")],
            &[("a", "2"), ("b", "1")],
            &[("a", "1"), ("b", "1"), ("c", "1")],
        ],
    );
}

#[test]
fn a_notification_lists_by_job_and_instance_before_all_else() {
    assert_ascending(
        compare_for_notification,
        &[
            &[("job", "a"), ("instance", "1"), ("z", "1"), ("y", "1")],
            &[("job", "a"), ("instance", "2")],
            &[("job", "a")],
            &[("job", "a"), ("alertname", "A")],
            &[("job", "b"), ("instance", "1")],
            &[("instance", "1"), ("alertname", "A"), ("z", "1")],
            &[("instance", "2")],
            &[("alertname", "A")],
            &[("alertname", "A"), ("z", "1")],
        ],
    );
}

fn few_labels() -> impl Strategy<Value = Labels> {
    let name = prop_oneof![Just("a"), Just("b"), Just("instance"), Just("job")];
    let value = prop_oneof![Just("1"), Just("2")];
    proptest::collection::vec((name, value), 0..4).prop_map(Labels::from_pairs)
}

proptest! {
    #[test]
    fn a_set_laid_out_compares_as_the_set_does(a in few_labels(), b in few_labels()) {
        let laid_out = LabelSetKey::of(&a).cmp(&LabelSetKey::of(&b));
        prop_assert_eq!(laid_out, compare_label_sets(&a, &b));
    }

    #[test]
    fn both_orders_are_total(a in few_labels(), b in few_labels(), c in few_labels()) {
        for compare in [compare_label_sets, compare_for_notification] {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
