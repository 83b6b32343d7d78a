//! The lines of a network, a group or a block: each becomes a constant with its name, its
//! [`Placed`](crate::layer::place::Placed), and a layer also a type with its name that is made from that constant.
//!
//! A group and a use of a block are a `struct` with their name and a block of items around their own lines, in which the
//! names outside are seen and from which only an `impl` for the `struct` leaves. Of what is around them, the lines use
//! - `input`: what the network, the group or the block is given;
//! - `__PATH`: the full name of the group or block;
//! - `__once!`, `__source!` and `__size!`: macros that are written for each scope.

/// Lines, one at a time, and then what is to be made of all.
#[doc(hidden)]
#[macro_export]
macro_rules! __lines {
    // The name of the line before it, a `1` for each line before it, its own name, the name in the path if it is another,
    // the source if it has one, and what it is.
    (@parse ($end:ident $($to:tt)*) $net:tt $prev:ident [] [] $(,)?) => {
        compile_error!("a network, a group or a block has at least one line");
    };
    // Documentation of a layer.
    (@parse $end:tt $net:tt $prev:ident $at:tt [$($done:tt)*] #[$doc:meta] $($rest:tt)*) => {
        $crate::__lines! { @parse $end $net $prev $at [$($done)*] $($rest)* }
    };
    (@parse ($end:ident $($to:tt)*) $net:tt $prev:ident $at:tt [$($done:tt)*] $(,)?) => {
        $crate::$end! { ($) $net $net $prev [$($done)*] $($to)* }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : { $($lines:tt)* } , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [] { @group { $($lines)* } })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : ($source:ident) { $($lines:tt)* } , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [$source] { @group { $($lines)* } })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : $kind:tt , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [] { @word $kind $kind })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : $kind:tt $more:tt , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [] { @call $kind $more $more })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : $kind:tt ($source:ident) $settings:tt , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [$source] { @call $kind $settings $settings })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : $layer:ty , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [] { @type $layer })] $($rest)*
        }
    };
    (
        @parse $end:tt $net:tt $prev:ident [$($at:tt)*] [$($done:tt)*]
        $name:ident $(@ $label:literal)? : $layer:ty = $value:expr , $($rest:tt)*
    ) => {
        $crate::__lines! {
            @parse $end $net $name [$($at)* 1]
            [$($done)* ($prev [$($at)*] $name [$($label)?] [] { @valued ($layer) $value })] $($rest)*
        }
    };
    (@parse $end:tt $net:tt $prev:ident $at:tt $done:tt $number:tt : $($rest:tt)*) => {
        $crate::__number! { $number [@parse $end $net $prev $at $done] : $($rest)* }
    };

    // All lines as items.
    (@items ($d:tt) $access:ident $net:tt [$(($prev:ident [$($at:tt)*] $name:ident $label:tt $source:tt $line:tt))+]) => {
        // What stands for a line is written where its name comes first. The second time, a function with two parameters of
        // that name is, which the compiler refuses at the second one.
        macro_rules! __once {
            $(
                ($name [$($at)*] $d again:ident $d($d items:tt)*) => { $d($d items)* };
                ($name $d at:tt $d again:ident $d($d items:tt)*) => {
                    const _: () = { mod __names { fn __twice($d again: (), $d again: ()) {} } };
                };
            )+
        }
        // A source, as seen from a line with so many lines before it.
        macro_rules! __source {
            (input $d at:tt) => { input };
            $(($name [$($at)* $d($d after:tt)+]) => { $name };)+
            ($d other:ident $d at:tt) => {
                {
                    const fn __named() {
                        #[derive(Clone, Copy)]
                        struct $d other;
                        $crate::declare::line_before($d other);
                    }
                    __named();
                    input
                }
            };
        }
        $(__once! { $name [$($at)*] $name
            $crate::__line! { @line $net $prev [$($at)*] $name $label $source $line }
            $crate::$access! { $net $name $name $line }
            // The compiler looks at the types of items in their order. So each constant is known before the next one needs it,
            // and evaluating the last does not begin with all before it, one inside the other, to the recursion limit.
            const _: () = { struct __InOrder([(); $name.layers]); };
        })+
        const __LINES: &[$crate::layer::place::Placed] = &[$($name),+];
    };
}

/// The lines of a group or a block have no methods for access.
#[doc(hidden)]
#[macro_export]
macro_rules! __no_access {
    ($($line:tt)*) => {};
}

/// A line's full name.
#[doc(hidden)]
#[macro_export]
macro_rules! __path {
    ($name:ident []) => {
        __PATH.join(stringify!($name))
    };
    ($name:ident [$label:literal]) => {
        __PATH.join($label)
    };
}

/// The value that a line reads.
#[doc(hidden)]
#[macro_export]
macro_rules! __from {
    ($prev:ident $at:tt []) => { $prev };
    ($prev:ident $at:tt [$source:ident]) => { __source!($source $at).after($prev) };
}

/// A line: its place as a constant, its type, and what else a network has for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __line {
    (@line $net:tt $prev:ident $at:tt input $label:tt $source:tt $line:tt) => {
        compile_error!("a line cannot be called `input`: that is what the network, the group or the block is given");
    };
    // A line that names its sources: then the line before it must be read elsewhere.
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [] { @call $kind:tt ($($source:ident),+ $(,)?) $sources:tt }) => {
        $crate::__line! { @read $prev }
        $crate::__line! { @sources $net $prev $at $name $label [$($source)+] $kind $kind $sources }
    };
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [$source:ident] $line:tt) => {
        $crate::__line! { @read $prev }
        $crate::__line! { @of $net $prev $at $name $label [$source] $line }
    };
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [] $line:tt) => {
        $crate::__line! { @of $net $prev $at $name $label [] $line }
    };
    (@read input) => {};
    (@read $prev:ident) => {
        const _: () = $prev.is_read(stringify!($prev), __LINES);
    };

    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $sources:tt Add $($call:tt)+) => {
        $crate::__line! { @merge $net $prev $at $name $label $sources $($call)+ }
    };
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $sources:tt Concat $($call:tt)+) => {
        $crate::__line! { @merge $net $prev $at $name $label $sources $($call)+ }
    };
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $sources:tt Multiply $($call:tt)+) => {
        $crate::__line! { @merge $net $prev $at $name $label $sources $($call)+ }
    };
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt $word:tt $kind:tt $sources:tt) => {
        $crate::__line! { @of $net $prev $at $name $label $source { @word $word $kind } }
    };
    (@merge $net:tt $prev:ident $at:tt $name:ident $label:tt [$($source:ident)+] $kind:tt $sources:tt) => {
        const $name: $crate::layer::place::Placed = {
            const __AT: $crate::layer::place::At =
                $crate::layer::place::At::new(stringify!($kind), $crate::__path!($name $label));
            const __BEFORE: $crate::layer::place::Placed = $prev;
            const __INPUTS: &[(&str, $crate::layer::place::Placed)] =
                &[$((stringify!($source), __source!($source $at))),+];
            const __MERGED: &[usize] = &[$(__source!($source $at).value),+];
            let __placed: $crate::layer::place::Placed = $kind! $sources;
            __placed
        };
        $crate::__shapes! { @value $net $name }
    };

    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @call $kind:tt { $($each:tt)* } $settings:tt }) => {
        $kind! { @ask __line [@kind $net $prev $at $name $label $source $kind $settings] }
    };
    (@kind $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt $kind:tt $settings:tt layer) => {
        const $name: $crate::layer::place::Placed = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            const __AT: $crate::layer::place::At =
                $crate::layer::place::At::new(stringify!($kind), $crate::__path!($name $label));
            let __placed: $crate::layer::place::Placed = $kind! $settings;
            __placed
        };
        $crate::__line! { @alias $net $name $prev $source ($kind!(@type $net $name $settings)) }
    };
    (@kind $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt $kind:tt $settings:tt block) => {
        pub struct $name {}
        const _: () = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            const __WITHIN: $crate::shape::Path = $crate::__path!($name $label);
            type __Scope = $name;
            // The user's own words and nothing else, so that errors point at them.
            $kind! $settings
        };
        const $name: $crate::layer::place::Placed = <$name as $crate::declare::Block>::PLACED;
        $crate::__shapes! { @value $net $name }
    };
    (
        @of ($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $prev:ident $at:tt $name:ident $label:tt $source:tt
        { @group { $($lines:tt)* } }
    ) => {
        pub struct $name<$(const $N: usize),*> {}
        const _: () = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            const __WITHIN: $crate::shape::Path = $crate::__path!($name $label);
            type __Scope<$(const $N: usize),*> = $name<$($N),*>;
            $crate::__shapes! { @given ($vis $Net [$($N)*], $In, $Out) $prev $source }
            const _: () = {
                const input: $crate::layer::place::Placed = __FROM;
                const __PATH: $crate::shape::Path = __WITHIN;
                $crate::__lines! {
                    @parse (__group) ($vis $Net [$($N)*], $In, $Out) input [] [] $($lines)* ,
                }
            };
        };
        const $name: $crate::layer::place::Placed = {
            $(const $N: usize = $crate::declare::ANY_SIZE;)*
            <$name<$($N),*> as $crate::declare::Block>::PLACED
        };
        $crate::__shapes! { @group ($vis $Net [$($N)*], $In, $Out) $name }
    };
    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @word Flatten $kind:tt }) => {
        const $name: $crate::layer::place::Placed = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            $crate::layer::flattens::<$kind, $crate::__shape!(__FROM output)>();
            $crate::layer::place::Placed::flatten(__FROM)
        };
        $crate::__line! {
            @alias $net $name $prev $source
            ($crate::layer::Flatten<$crate::__in!(Chw $net $name), $crate::shape::Flat<{ $name.output.channels() }>>)
        }
    };
    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @word $kind:tt $layer:tt }) => {
        $crate::__line! { @of $net $prev $at $name $label $source { @type $layer } }
    };
    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @valued ($layer:ty) $value:expr }) => {
        $crate::__line! { @of $net $prev $at $name $label $source { @type $layer } }
    };
    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @type $layer:ty }) => {
        const $name: $crate::layer::place::Placed = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            $crate::layer::place::Placed::of::<$crate::__shape!(__FROM output), $layer>(__FROM)
        };
        const _: () = {
            const __FROM: $crate::layer::place::Placed = $crate::__from!($prev $at $source);
            __FROM.tell::<$crate::__shape!($name input), $layer>($crate::__path!($name $label))
        };
        $crate::__line! { @alias $net $name $prev $source ($layer) }
    };
    (
        @alias ($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $name:ident $prev:ident $source:tt ($layer:ty)
    ) => {
        type $name<$(const $N: usize),*> = $layer;
        $crate::__shapes! { @layer ($vis $Net [$($N)*], $In, $Out) $name $prev $source }
    };
}

/// A line as an item of the list that a plan is made from.
#[doc(hidden)]
#[macro_export]
macro_rules! __item {
    ($net:tt $name:ident $label:tt { @call Add ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge($crate::__path!($name $label), $crate::layer::Merge::Add, $name.merged)
    };
    ($net:tt $name:ident $label:tt { @call Concat ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge($crate::__path!($name $label), $crate::layer::Merge::Concat, $name.merged)
    };
    ($net:tt $name:ident $label:tt { @call Multiply ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge($crate::__path!($name $label), $crate::layer::Merge::Multiply, $name.merged)
    };
    ($net:tt $name:ident $label:tt { @call $kind:tt ($source:ident) $sources:tt }) => {
        $crate::__item! { @layer $net $name $label { @word $kind $kind } }
    };
    ($net:tt $name:ident $label:tt { @call $kind:tt { $($each:tt)* } $settings:tt }) => {
        $kind! { @ask __item [@kind $net $name $label $kind $settings] }
    };
    (@kind $net:tt $name:ident $label:tt $kind:tt $settings:tt layer) => {
        $crate::__item! { @layer $net $name $label { @known $kind $settings } }
    };
    (@kind $net:tt $name:ident $label:tt $kind:tt $settings:tt block) => {
        $crate::declare::Item::group($crate::__path!($name $label), <$name as $crate::declare::Items<T>>::ITEMS)
    };
    (($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $name:ident $label:tt { @group $lines:tt }) => {
        $crate::declare::Item::group($crate::__path!($name $label), <$name<$($N),*> as $crate::declare::Items<T>>::ITEMS)
    };
    ($net:tt $name:ident $label:tt $layer:tt) => {
        $crate::__item! { @layer $net $name $label $layer }
    };
    (@layer ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident $label:tt $layer:tt) => {
        $crate::declare::Item::layer::<$crate::__shape!($name input), $name>(
            $crate::__path!($name $label),
            $name.source,
            |__plan| $crate::layer::Layer::<$crate::__shape!($name input), T>::add_to(
                &{ let __layer: $name = $crate::__value!($layer); __layer },
                __plan,
            ),
        )
    };
    (@layer ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident $label:tt $layer:tt) => {
        $crate::declare::Item::fitting::<$crate::__in!(Any ($vis $Net [$($N)+], $In, $Out) $name), $name<$($N),+>>(
            $crate::__path!($name $label),
            $name.source,
            |__plan| $crate::layer::Layer::<$crate::__in!(Any ($vis $Net [$($N)+], $In, $Out) $name), T>::add_to(
                &{ let __layer: $name<$($N),+> = $crate::__value!($layer); __layer },
                __plan,
            ),
        )
    };
}

/// The end of a group or a block: what leaves it.
#[doc(hidden)]
#[macro_export]
macro_rules! __group {
    (
        $d:tt $net:tt ($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $last:ident
        [$(($prev:ident $at:tt $name:ident $label:tt $source:tt $line:tt))+]
    ) => {
        $crate::__marks! { $net (__Given<$($N),*>) $($name)+ }
        $crate::__shapes! { @last $net $last }
        $crate::__lines! {
            @items $d __no_access $net [$(($prev $at $name $label $source $line))+]
        }
        impl<$(const $N: usize),*> $crate::declare::Block for __Scope<$($N),*> {
            const PLACED: $crate::layer::place::Placed = $last.leave(input);
        }
        impl<$(const $N: usize,)* T: $crate::Scalar> $crate::declare::Items<T> for __Scope<$($N),*> {
            const ITEMS: &'static [$crate::declare::Item<T>] =
                &[$($crate::__item!($net $name $label $line)),+];
        }
    };
}

/// A number as a name: `0` is `_0`, called "0" in the path.
#[doc(hidden)]
#[macro_export]
macro_rules! __number {
    (0 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _0 @ "0" $($rest)* } };
    (1 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _1 @ "1" $($rest)* } };
    (2 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _2 @ "2" $($rest)* } };
    (3 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _3 @ "3" $($rest)* } };
    (4 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _4 @ "4" $($rest)* } };
    (5 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _5 @ "5" $($rest)* } };
    (6 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _6 @ "6" $($rest)* } };
    (7 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _7 @ "7" $($rest)* } };
    (8 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _8 @ "8" $($rest)* } };
    (9 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _9 @ "9" $($rest)* } };
    (10 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _10 @ "10" $($rest)* } };
    (11 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _11 @ "11" $($rest)* } };
    (12 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _12 @ "12" $($rest)* } };
    (13 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _13 @ "13" $($rest)* } };
    (14 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _14 @ "14" $($rest)* } };
    (15 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _15 @ "15" $($rest)* } };
    (16 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _16 @ "16" $($rest)* } };
    (17 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _17 @ "17" $($rest)* } };
    (18 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _18 @ "18" $($rest)* } };
    (19 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _19 @ "19" $($rest)* } };
    (20 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _20 @ "20" $($rest)* } };
    (21 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _21 @ "21" $($rest)* } };
    (22 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _22 @ "22" $($rest)* } };
    (23 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _23 @ "23" $($rest)* } };
    (24 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _24 @ "24" $($rest)* } };
    (25 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _25 @ "25" $($rest)* } };
    (26 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _26 @ "26" $($rest)* } };
    (27 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _27 @ "27" $($rest)* } };
    (28 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _28 @ "28" $($rest)* } };
    (29 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _29 @ "29" $($rest)* } };
    (30 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _30 @ "30" $($rest)* } };
    (31 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _31 @ "31" $($rest)* } };
    (32 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _32 @ "32" $($rest)* } };
    (33 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _33 @ "33" $($rest)* } };
    (34 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _34 @ "34" $($rest)* } };
    (35 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _35 @ "35" $($rest)* } };
    (36 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _36 @ "36" $($rest)* } };
    (37 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _37 @ "37" $($rest)* } };
    (38 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _38 @ "38" $($rest)* } };
    (39 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _39 @ "39" $($rest)* } };
    (40 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _40 @ "40" $($rest)* } };
    (41 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _41 @ "41" $($rest)* } };
    (42 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _42 @ "42" $($rest)* } };
    (43 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _43 @ "43" $($rest)* } };
    (44 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _44 @ "44" $($rest)* } };
    (45 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _45 @ "45" $($rest)* } };
    (46 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _46 @ "46" $($rest)* } };
    (47 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _47 @ "47" $($rest)* } };
    (48 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _48 @ "48" $($rest)* } };
    (49 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _49 @ "49" $($rest)* } };
    (50 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _50 @ "50" $($rest)* } };
    (51 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _51 @ "51" $($rest)* } };
    (52 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _52 @ "52" $($rest)* } };
    (53 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _53 @ "53" $($rest)* } };
    (54 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _54 @ "54" $($rest)* } };
    (55 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _55 @ "55" $($rest)* } };
    (56 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _56 @ "56" $($rest)* } };
    (57 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _57 @ "57" $($rest)* } };
    (58 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _58 @ "58" $($rest)* } };
    (59 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _59 @ "59" $($rest)* } };
    (60 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _60 @ "60" $($rest)* } };
    (61 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _61 @ "61" $($rest)* } };
    (62 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _62 @ "62" $($rest)* } };
    (63 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _63 @ "63" $($rest)* } };
    (64 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _64 @ "64" $($rest)* } };
    (65 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _65 @ "65" $($rest)* } };
    (66 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _66 @ "66" $($rest)* } };
    (67 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _67 @ "67" $($rest)* } };
    (68 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _68 @ "68" $($rest)* } };
    (69 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _69 @ "69" $($rest)* } };
    (70 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _70 @ "70" $($rest)* } };
    (71 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _71 @ "71" $($rest)* } };
    (72 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _72 @ "72" $($rest)* } };
    (73 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _73 @ "73" $($rest)* } };
    (74 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _74 @ "74" $($rest)* } };
    (75 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _75 @ "75" $($rest)* } };
    (76 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _76 @ "76" $($rest)* } };
    (77 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _77 @ "77" $($rest)* } };
    (78 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _78 @ "78" $($rest)* } };
    (79 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _79 @ "79" $($rest)* } };
    (80 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _80 @ "80" $($rest)* } };
    (81 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _81 @ "81" $($rest)* } };
    (82 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _82 @ "82" $($rest)* } };
    (83 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _83 @ "83" $($rest)* } };
    (84 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _84 @ "84" $($rest)* } };
    (85 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _85 @ "85" $($rest)* } };
    (86 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _86 @ "86" $($rest)* } };
    (87 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _87 @ "87" $($rest)* } };
    (88 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _88 @ "88" $($rest)* } };
    (89 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _89 @ "89" $($rest)* } };
    (90 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _90 @ "90" $($rest)* } };
    (91 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _91 @ "91" $($rest)* } };
    (92 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _92 @ "92" $($rest)* } };
    (93 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _93 @ "93" $($rest)* } };
    (94 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _94 @ "94" $($rest)* } };
    (95 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _95 @ "95" $($rest)* } };
    (96 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _96 @ "96" $($rest)* } };
    (97 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _97 @ "97" $($rest)* } };
    (98 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _98 @ "98" $($rest)* } };
    (99 [$($line:tt)*] $($rest:tt)*) => { $crate::__lines! { $($line)* _99 @ "99" $($rest)* } };
    ($other:tt $line:tt $($rest:tt)*) => {
        compile_error!(concat!("names are words and the numbers from 0 to 99, not ", stringify!($other)));
    };
}

/// The crate's merges, on the user's line.
#[doc(hidden)]
#[macro_export]
macro_rules! __merge {
    ($merge:ident) => {{
        const _: () = {
            let _ = __AT.merge($crate::layer::Merge::$merge, __BEFORE, __INPUTS, __MERGED);
        };
        __AT.quiet().merge($crate::layer::Merge::$merge, __BEFORE, __INPUTS, __MERGED)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Add {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Add)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Concat {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Concat)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Multiply {
    ($($source:ident),+ $(,)?) => {
        $crate::__merge!(Multiply)
    };
}
