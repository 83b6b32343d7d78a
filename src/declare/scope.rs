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
        // Resolves the source that a line names. `at` has one `1` for each line above that line: only those can be sources.
        macro_rules! __source {
            (input $d at:tt) => { input };
            $(($name [$($at)* $d($d after:tt)+]) => { $name };)+
            // Not found: the compiler reports it in the function below.
            ($d other:ident $d at:tt) => { input.if_fits(false) };
        }
        // The lines as variables, for the compiler's own message about a source that is not there or not yet. In a module,
        // which does not see the constants.
        mod __values {
            #[allow(unused, clippy::all)]
            fn __lines() {
                $(let $name = { $crate::__reads!($prev $source $line); 0_u8 };)+
            }
        }
        $(__once! { $name [$($at)*] $name
            $crate::__line! { @line $net $prev [$($at)*] $name $label $source $line }
            $crate::$access! { $net $name $name $line }
            $crate::__in_order! { [$($at)*] $name }
        })+
        const __LINES: $crate::layer::place::Lines = $crate::layer::place::Lines(&[$($name),+]);
    };
}

/// The compiler looks at the types of items in their order. So the place of every second line is known before the next one
/// needs it, and evaluating the last does not begin with all before it, one inside the other, to the recursion limit.
#[doc(hidden)]
#[macro_export]
macro_rules! __in_order {
    ([$(1 1)*] $name:ident) => {};
    ($at:tt $name:ident) => {
        const _: $crate::declare::InOrder<{ $name.layers }> = $crate::declare::InOrder;
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

/// The sources that a line names, as variables.
#[doc(hidden)]
#[macro_export]
macro_rules! __reads {
    (@value input) => {};
    (@value $name:ident) => { let _ = $name; };
    ($prev:ident [$source:ident] $line:tt) => { $crate::__reads!(@value $source) };
    ($prev:ident [] { @call $kind:tt ($($source:ident),+ $(,)?) $sources:tt }) => { $($crate::__reads!(@value $source);)+ };
    ($prev:ident [] $line:tt) => {};
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
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [] { @call $kind:tt ($($source:ident),+ $(,)?) $sources:tt }) => {
        $crate::__line! { @sources $net $prev $at $name $label [$($source)+] $kind $kind $sources }
    };
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [$source:ident] $line:tt) => {
        $crate::__line! { @of $net $prev $at $name $label [$source] $line }
    };
    (@line $net:tt $prev:ident $at:tt $name:ident $label:tt [] $line:tt) => {
        $crate::__line! { @of $net $prev $at $name $label [] $line }
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
    // The names of other libraries, for which macros say what it is called here.
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $sources:tt Concatenate $($call:tt)+) => {
        $crate::__line! { @merge $net $prev $at $name $label $sources $($call)+ }
    };
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt $sources:tt cat $($call:tt)+) => {
        $crate::__line! { @merge $net $prev $at $name $label $sources $($call)+ }
    };
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt [$source:ident] $word:tt $kind:tt $sources:tt) => {
        $crate::__line! { @of $net $prev $at $name $label [$source] { @word $word $kind } }
    };
    // A merge of the user's own, which may be private.
    (@sources $net:tt $prev:ident $at:tt $name:ident $label:tt [$($source:ident)+] $word:tt $kind:tt $sources:tt) => {
        struct $name {}
        impl $crate::declare::Takes for $name {
            type In = ($($crate::__shape!((__source!($source $at)) output),)+);
            type Layer = $kind;
        }
        const $name: $crate::layer::place::Placed = $crate::layer::place::Placed::own_merge::<
            <$name as $crate::declare::Takes>::In,
            $kind,
        >($prev, &[$(__source!($source $at)),+], &[$(__source!($source $at).value),+]);
        impl $crate::declare::Block for $name {
            const PLACED: $crate::layer::place::Placed = $name;
        }
        const _: () = {
            $name.tell_merge::<$crate::declare::TakenBy<$name, { $name.source }>, $kind>(
                &[$(__source!($source $at)),+],
                $crate::__path!($name $label),
            );
            __LINES.read($prev.layers, $crate::__path!($name $label))
        };
        $crate::__shapes! { @value $net $name }
    };
    (@merge $net:tt $prev:ident $at:tt $name:ident $label:tt [$($source:ident)+] $kind:tt $sources:tt) => {
        const $name: $crate::layer::place::Placed = {
            const __AT: $crate::layer::place::At = $crate::layer::place::At::new(
                stringify!($kind),
                $crate::__path!($name $label),
                $prev,
            );
            const __INPUTS: &[(&str, $crate::layer::place::Placed)] =
                &[$((stringify!($source), __source!($source $at))),+];
            const __MERGED: &[usize] = &[$(__source!($source $at).value),+];
            let __placed: $crate::layer::place::Placed = $kind! $sources;
            __placed
        };
        pub struct $name {}
        impl $crate::declare::Block for $name {
            const PLACED: $crate::layer::place::Placed = $name;
        }
        $crate::__shapes! { @value $net $name }
    };

    (@of $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt { @call $kind:tt { $($each:tt)* } $settings:tt }) => {
        $kind! { @ask __line [@kind $net $prev $at $name $label $source $kind $settings] }
    };
    (@kind $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt $kind:tt $settings:tt layer) => {
        $crate::__line! { @place $prev $at $name $label $source $kind $settings }
        $crate::__line! { @alias $net $name $prev $source ($kind!(@type $net $name $settings)) }
    };
    (@kind $net:tt $prev:ident $at:tt $name:ident $label:tt $source:tt $kind:tt $settings:tt value) => {
        $crate::__line! { @place $prev $at $name $label $source $kind $settings }
        $crate::__line! {
            @alias $net $name $prev $source
            ($crate::declare::Line<$crate::__in!(Any $net $name), $kind!(@type $net $name $settings)>)
        }
    };
    (@place $prev:ident $at:tt $name:ident $label:tt $source:tt $kind:tt $settings:tt) => {
        const $name: $crate::layer::place::Placed = {
            const __AT: $crate::layer::place::At = $crate::layer::place::At::new(
                stringify!($kind),
                $crate::__path!($name $label),
                $crate::__from!($prev $at $source),
            );
            let __placed: $crate::layer::place::Placed = $kind! $settings;
            __placed
        };
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
        const _: () = __LINES.read($prev.layers, $crate::__path!($name $label));
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
                const __INPUT: $crate::layer::place::Placed = __FROM;
                const __PATH: $crate::shape::Path = __WITHIN;
                $crate::__lines! {
                    @parse (__group) ($vis $Net [$($N)*], $In, $Out) input [] [] $($lines)* ,
                }
            };
        };
        const $name: $crate::layer::place::Placed =
            <$name<$({ $crate::__any!($N) }),*> as $crate::declare::Block>::PLACED;
        const _: () = __LINES.read($prev.layers, $crate::__path!($name $label));
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
        $crate::__line! { @typed $net $prev $at $name $label $source ($layer) }
    };
    (@typed ($vis:vis $Net:ident [], $In:ty, $Out:ty) $prev:ident $at:tt $name:ident $label:tt $source:tt ($layer:ty)) => {
        type $name = $crate::declare::Line<$crate::__shape!(($crate::__from!($prev $at $source)) output), $layer>;
        const $name: $crate::layer::place::Placed = $crate::layer::place::Placed::of::<
            <$name as $crate::declare::Takes>::In,
            $layer,
        >($crate::__from!($prev $at $source));
        const _: () = {
            $crate::__from!($prev $at $source)
                .tell::<$crate::declare::TakenBy<$name, { $name.source }>, $layer>($crate::__path!($name $label));
            __LINES.read($prev.layers, $crate::__path!($name $label))
        };
    };
    (
        @typed ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $prev:ident $at:tt $name:ident $label:tt $source:tt
        ($layer:ty)
    ) => {
        const $name: $crate::layer::place::Placed = $crate::layer::place::Placed::of::<
            $crate::__shape!(($crate::__from!($prev $at $source)) output),
            $layer,
        >($crate::__from!($prev $at $source));
        const _: () = {
            $crate::__from!($prev $at $source)
                .tell::<$crate::__shape!($name input), $layer>($crate::__path!($name $label));
            __LINES.read($prev.layers, $crate::__path!($name $label))
        };
        $crate::__line! {
            @alias ($vis $Net [$($N)+], $In, $Out) $name $prev $source
            ($crate::declare::Line<$crate::__in!(Any ($vis $Net [$($N)+], $In, $Out) $name), $layer>)
        }
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
    ($net:tt input $label:tt $line:tt) => { $crate::declare::Item::group(__PATH, &[]) };
    ($net:tt $name:ident $label:tt { @call Add ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge::<$name>($crate::__path!($name $label), $crate::layer::Merge::Add)
    };
    ($net:tt $name:ident $label:tt { @call Concat ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge::<$name>($crate::__path!($name $label), $crate::layer::Merge::Concat)
    };
    ($net:tt $name:ident $label:tt { @call Multiply ($($source:tt)*) $sources:tt }) => {
        $crate::declare::Item::merge::<$name>($crate::__path!($name $label), $crate::layer::Merge::Multiply)
    };
    ($net:tt $name:ident $label:tt { @call Concatenate $source:tt $sources:tt }) => {
        $crate::declare::Item::group(__PATH, &[])
    };
    ($net:tt $name:ident $label:tt { @call cat $source:tt $sources:tt }) => {
        $crate::declare::Item::group(__PATH, &[])
    };
    ($net:tt $name:ident $label:tt { @call $kind:tt ($source:ident, $($more:ident),+ $(,)?) $sources:tt }) => {
        $crate::declare::Item::own_merge::<$name, { $name.source }>($crate::__path!($name $label))
    };
    ($net:tt $name:ident $label:tt { @call $kind:tt ($source:ident $(,)?) $sources:tt }) => {
        $crate::__item! { $net $name $label { @word $kind $kind } }
    };
    ($net:tt $name:ident $label:tt { @call $kind:tt { $($each:tt)* } $settings:tt }) => {
        $kind! { @ask __item [@kind $net $name $label $kind $settings] }
    };
    (@kind $net:tt $name:ident $label:tt $kind:tt $settings:tt layer) => {
        $crate::__item! { $net $name $label { @word $kind $kind } }
    };
    (@kind $net:tt $name:ident $label:tt $kind:tt $settings:tt value) => {
        $crate::__item! { $net $name $label { @valued $kind ($kind!(@value $settings)) } }
    };
    (@kind $net:tt $name:ident $label:tt $kind:tt $settings:tt block) => {
        $crate::declare::Item::group($crate::__path!($name $label), <$name as $crate::declare::Items<T>>::ITEMS)
    };
    (($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $name:ident $label:tt { @group $lines:tt }) => {
        $crate::declare::Item::group($crate::__path!($name $label), <$name<$($N),*> as $crate::declare::Items<T>>::ITEMS)
    };
    ($net:tt $name:ident $label:tt { @valued $layer:tt $value:expr }) => {
        $crate::__item! { @layer $net $name $label $value }
    };
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident $label:tt $layer:tt) => {
        $crate::declare::Item::usual::<$name, { $name.source }>($crate::__path!($name $label))
    };
    ($net:tt $name:ident $label:tt $layer:tt) => {
        $crate::__item! { @layer $net $name $label ::core::default::Default::default() }
    };
    (@layer ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident $label:tt $value:expr) => {
        $crate::declare::Item::layer::<$name, { $name.source }>(
            $crate::__path!($name $label),
            |__plan| $crate::declare::add::<$name, { $name.source }, T>(&$value, __plan),
        )
    };
    (@layer ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident $label:tt $value:expr) => {
        $crate::declare::Item::fitting::<$name<$($N),+>, { $name.source }>(
            $crate::__path!($name $label),
            |__plan| $crate::declare::add::<$name<$($N),+>, { $name.source }, T>(&$value, __plan),
        )
    };
}

/// The number that stands for a parameter of the network.
#[doc(hidden)]
#[macro_export]
macro_rules! __any {
    ($N:ident) => {
        $crate::declare::ANY_SIZE
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
        const input: $crate::layer::place::Placed = __INPUT;
        $crate::__marks! { $net (__Given<$($N),*>) $($name)+ }
        $crate::__lines! {
            @items $d __no_access $net [$(($prev $at $name $label $source $line))+]
        }
        // After the lines, whose places it needs: see `__in_order`.
        $crate::__shapes! { @last $net $last }
        // Not generic: see `Item::layer`.
        impl $crate::declare::Block for __Scope<$({ $crate::__any!($N) }),*> {
            const PLACED: $crate::layer::place::Placed = $last.leave(input);
        }
        impl<$(const $N: usize,)* T: $crate::Scalar> $crate::declare::Items<T> for __Scope<$($N),*> {
            const ITEMS: &'static [$crate::declare::Item<T>] =
                &[$($crate::__item!($net $name $label $line)),+];
        }
    };
}
