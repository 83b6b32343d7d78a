//! Settings that make no sense and layers that do not fit, and the sentences that say so.

use convnet::layer::Connections;
use convnet::layer::place::{At, Placed};
use convnet::prelude::*;
use convnet::shape::Dims;

#[test]
fn settings_that_make_no_sense_are_refused() {
    fn refused<L>(f: fn() -> L) -> bool {
        std::panic::catch_unwind(f).is_err()
    }
    let bad = [-1.0, f64::NAN, f64::INFINITY];
    for bad in bad {
        assert!(
            std::panic::catch_unwind(|| LocalResponseNorm::new(5, bad, 0.75, 1.0)).is_err(),
            "alpha {bad}"
        );
        assert!(std::panic::catch_unwind(|| LocalResponseNorm::new(5, 1.0, bad, 1.0)).is_err(), "beta {bad}");
        assert!(std::panic::catch_unwind(|| LocalResponseNorm::new(5, 1.0, 0.75, bad)).is_err(), "k {bad}");
        assert!(std::panic::catch_unwind(|| BatchNorm::new(bad, 1e-5)).is_err(), "momentum {bad}");
        assert!(std::panic::catch_unwind(|| BatchNorm::new(0.1, bad)).is_err(), "epsilon {bad}");
    }
    assert!(refused(|| LocalResponseNorm::new(0, 1.0, 1.0, 1.0)));
    assert!(refused(|| LocalResponseNorm::new(1, 0.0, 0.0, 1.0)));
    assert!(refused(|| LocalResponseNorm::new(1, 0.0, 1.0, 0.0)));
    assert!(refused(|| BatchNorm::new(1.5, 1e-5)));
    assert!(refused(|| BatchNorm::new(0.1, 0.0)));
    LocalResponseNorm::new(1, 0.0, 1.0, 1.0);
    BatchNorm::new(0.0, 1e-300);
}

fn at(kind: &'static str, name: &'static str) -> At {
    At::new(kind, convnet::shape::Path::of(name), Placed::input(Dims::flat(1)))
}

/// The constants that `network!` makes for these layers, and its sentences for sizes that do not fit.
#[test]
fn what_does_not_fit_is_told_in_sentences() {
    use convnet::layer::settings::*;
    #[track_caller]
    fn refused(message: &str, f: impl FnOnce() + std::panic::UnwindSafe) {
        assert_eq!(*std::panic::catch_unwind(f).unwrap_err().downcast::<String>().unwrap(), message);
    }
    let maps = Dims::chw(3, 4, 5);
    let vector = Dims::flat(7);
    const LRN: LocalResponseNormSettings = LocalResponseNormSettings::DEFAULT;
    let norm = |settings: LocalResponseNormSettings, input| {
        settings.place(at("LocalResponseNorm", "n1"), Placed::input(input));
    };
    for (settings, input, message) in [
        (
            LRN,
            vector,
            "takes channels x height x width, but is given a vector of 7; put it before the Flatten",
        ),
        (
            LocalResponseNormSettings { size: 0, ..LRN },
            maps,
            "expected a size of at least 1 channel, found 0",
        ),
        (LocalResponseNormSettings { alpha: -1.0, ..LRN }, maps, "expected a finite alpha of at least 0"),
        (LocalResponseNormSettings { beta: 0.0, ..LRN }, maps, "expected a finite beta above 0"),
        (LocalResponseNormSettings { k: 0.0, ..LRN }, maps, "expected a finite k above 0"),
    ] {
        refused(&format!("LocalResponseNorm n1: {message}"), move || norm(settings, input));
    }
    let message =
        "BatchNorm b1: expected a momentum of at least 0 and at most 1, and a finite epsilon above 0";
    refused(message, || {
        BatchNormSettings { momentum: 1.5, ..BatchNormSettings::DEFAULT }
            .place(at("BatchNorm", "b1"), Placed::input(maps));
    });
    let message =
        "GroupNorm n: expected groups that divide 3 channels, found 0; is the setting `groups` missing?";
    refused(message, || {
        GroupNormSettings::DEFAULT.place(at("GroupNorm", "n"), Placed::input(maps));
    });
    refused("LayerNorm n: expected a finite epsilon above 0", || {
        LayerNormSettings { epsilon: 0.0 }.place(at("LayerNorm", "n"), Placed::input(maps));
    });
    let message = "Upsample2d u: expected a scale of at least 1, found 0; is the setting `scale` missing?";
    refused(message, || {
        UpsampleSettings::DEFAULT.place(at("Upsample2d", "u"), Placed::input(maps));
    });
    let message = "PadChannels p: expected at least the 3 channels of the input, found 0; is the setting `channels` missing?";
    refused(message, || {
        PadChannelsSettings::DEFAULT.place(at("PadChannels", "p"), Placed::input(maps));
    });
    let message = "ConvTranspose2d t: expected padding that leaves a value of the output, found 2 for a 1x1 input \
                   and the 3x3 kernel";
    refused(message, || {
        let settings = ConvTranspose2dSettings {
            filters: 2,
            kernel: [3, 3],
            padding: [2; 4],
            ..ConvTranspose2dSettings::DEFAULT
        };
        settings.place(at("ConvTranspose2d", "t"), Placed::input(Dims::chw(2, 1, 1)));
    });
    let kind = "AdaptiveAvgPool2d";
    let message =
        "AdaptiveAvgPool2d p: expected a size of at least 1x1, found 0x0; is the setting `size` missing?";
    refused(message, || {
        AdaptiveSettings::DEFAULT.place(at(kind, "p"), Placed::input(maps));
    });
    let message = "AdaptiveAvgPool2d p: takes channels x height x width, but is given a vector of 7; \
                   put it before the Flatten";
    refused(message, || {
        AdaptiveSettings { size: [6, 6] }.place(at(kind, "p"), Placed::input(vector));
    });
}

/// A table that does not fit the channels or the filters, in the words of the constant that refuses it.
#[test]
fn tables_that_do_not_fit_are_refused() {
    macro_rules! refused {
        ($($table:expr => $message:literal;)+) => {$({
            #[derive(Clone, Copy, Default)]
            struct Table;
            impl Connections for Table {
                const TABLE: &'static [&'static [usize]] = $table;
            }
            type Sparse = TableConv2d<Chw<3, 5, 5>, Chw<2, 3, 3>, Kernel<3>, Table>;
            let error = <Sparse as Layer<Chw<3, 5, 5>>>::SHAPE_ERROR.expect("it does not fit");
            let panic = std::panic::catch_unwind(|| error.refuse("c3")).unwrap_err();
            assert_eq!(*panic.downcast::<String>().unwrap(), $message);
        })+};
    }
    refused! {
        &[&[0, 1], &[]] => "TableConv2d c3: expected at least 1 channel for filter 1, found 0";
        &[&[0, 3], &[1]] => "TableConv2d c3: expected channels below 3 in rising order, found 3 for filter 0";
        &[&[0], &[1, 1]] => "TableConv2d c3: expected channels below 3 in rising order, found 1 for filter 1";
        &[] => "TableConv2d c3: expected at least 1 filter in the table, found 0";
        &[&[0]] => "TableConv2d c3: an input of 3x5x5 gives 1x3x3, but the type says 2x3x3";
    }
}

/// Without a bias: the same bits as with biases of zero, fewer parameters, and a word in the summary.
/// Padding that reaches past a kernel, with the kernel as it was written.
#[test]
fn too_much_padding_is_refused() {
    use convnet::layer::settings::Conv2dSettings;
    let refused = |dilation, message: &str| {
        let settings = Conv2dSettings {
            filters: 4,
            kernel: [3, 3],
            padding: [5; 4],
            dilation,
            ..Conv2dSettings::DEFAULT
        };
        let place = || settings.place(at("Conv2d", "c1"), Placed::input(Dims::chw(1, 9, 9)));
        let panic = std::panic::catch_unwind(place).map(|_| ()).unwrap_err();
        assert_eq!(*panic.downcast::<String>().unwrap(), message);
    };
    refused([1, 1], "Conv2d c1: expected padding smaller than the 3x3 kernel, found 5");
    let covered = "the 5x5 that a 3x3 kernel with dilation 2 covers";
    refused([2, 2], &format!("Conv2d c1: expected padding smaller than {covered}, found 5"));
}

/// Branches whose channels are not those that the type says, or whose sizes differ.
#[test]
fn branches_that_do_not_fit_say_so() {
    type In = Chw<2, 4, 4>;
    type Wide = Conv2d<In, Chw<3, 4, 4>, Kernel<1>>;
    type Small = Conv2d<In, Chw<3, 2, 2>, Kernel<3>>;
    let error = <Concat<Wide, Relu, Chw<6, 4, 4>> as Layer<In>>::SHAPE_ERROR.expect("five channels");
    assert_eq!(sentence(error), "Concat: an input of 2x4x4 gives 5x4x4, but the type says 6x4x4");
    let error = <Concat<Wide, Small, Chw<6, 4, 4>> as Layer<In>>::SHAPE_ERROR.expect("other sizes");
    assert_eq!(
        sentence(error),
        "Concat: `the first branch` is 3x4x4, `the second branch` is 3x2x2; only the numbers of channels may differ"
    );
}

/// The sentence of a shape error.
fn sentence(error: convnet::shape::ShapeError) -> String {
    *std::panic::catch_unwind(|| error.refuse("")).unwrap_err().downcast::<String>().unwrap()
}
