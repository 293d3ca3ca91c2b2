//! One test, both shapes.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use crate::{Backends, House, Plan, Shape};

/// Makes each async function of a list a test in both shapes, in modules `embedded` and `distributed`.
///
/// `shared` gives it a `&House` that tests of the binary share, so that it makes people and rooms of its own; `shared
/// everywhere` also runs it where the room log is on PostgreSQL. `alone` gives it a `House` of its own, to be killed,
/// stopped and restarted. Where the backends are not there, a test says `SKIPPED` and passes.
#[macro_export]
macro_rules! in_both_shapes {
    (shared: $($name:ident),+ $(,)?) => {
        $crate::in_both_shapes! { @shared embedded Embedded $($name)+ }
        $crate::in_both_shapes! { @shared distributed Distributed $($name)+ }
    };
    (shared everywhere: $($name:ident),+ $(,)?) => {
        $crate::in_both_shapes! { shared: $($name),+ }
        $crate::in_both_shapes! { @shared distributed_on_postgres DistributedOnPostgres $($name)+ }
    };
    (alone: $($name:ident),+ $(,)?) => {
        $crate::in_both_shapes! { @alone embedded Embedded $($name)+ }
        $crate::in_both_shapes! { @alone distributed Distributed $($name)+ }
    };
    (alone everywhere: $($name:ident),+ $(,)?) => {
        $crate::in_both_shapes! { alone: $($name),+ }
        $crate::in_both_shapes! { @alone distributed_on_postgres DistributedOnPostgres $($name)+ }
    };
    (@shared $module:ident $shape:ident $($name:ident)+) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                if let Some(house) = $crate::shared_house($crate::Shape::$shape, stringify!($name)).await {
                    super::$name(&house).await;
                }
            })+
        }
    };
    (@alone $module:ident $shape:ident $($name:ident)+) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                let plan = $crate::Plan::of($crate::Shape::$shape);
                if let Some(mut house) = $crate::house_of_its_own(plan, stringify!($name)).await {
                    super::$name(&mut house).await;
                }
            })+
        }
    };
}

/// A house in a test's hands: when the test fails, the ends of the logs are printed.
#[derive(Debug)]
pub struct Lent<H: std::ops::Deref<Target = House>> {
    house: H,
    _place: Option<SemaphorePermit<'static>>,
}

impl<H: std::ops::Deref<Target = House>> std::ops::Deref for Lent<H> {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

impl<H: std::ops::DerefMut<Target = House>> std::ops::DerefMut for Lent<H> {
    fn deref_mut(&mut self) -> &mut House {
        &mut self.house
    }
}

impl<H: std::ops::Deref<Target = House>> Drop for Lent<H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.house.tell_logs();
        }
    }
}

/// A house that tests share, and how many have had it.
#[derive(Debug)]
struct Shared(Mutex<Option<(Arc<House>, u32)>>);

impl Shared {
    const fn none_yet() -> Self {
        Self(Mutex::const_new(None))
    }

    /// Returns the house; another one, on stores of its own, when so many tests have had it.
    async fn lend(&self, shape: Shape, at_most: u32) -> Arc<House> {
        let mut shared = self.0.lock().await;
        if let Some((house, lent)) = shared.as_mut().filter(|(_, lent)| *lent < at_most) {
            *lent += 1;
            return Arc::clone(house);
        }
        let house = House::start(Plan::of(shape)).await;
        let house = Arc::new(house.unwrap_or_else(|error| panic!("the house does not stand: {error:#}")));
        *shared = Some((Arc::clone(&house), 1));
        house
    }
}

/// How many tests share a house on the MongoDB protocol. FerretDB reads all of a collection for whatever it finds: the house
/// becomes slower with each test.
const TESTS_ON_MONGODB: u32 = 10;

/// Returns a house that tests of this process share, started by the first. Nothing, and a line that says so, where the
/// backends are not there.
///
/// # Panics
///
/// Where it cannot be started.
pub async fn shared_house(shape: Shape, test: &str) -> Option<Lent<Arc<House>>> {
    static EMBEDDED: Shared = Shared::none_yet();
    static DISTRIBUTED: Shared = Shared::none_yet();
    static ON_POSTGRES: Shared = Shared::none_yet();
    if is_skipped(shape, test) {
        return None;
    }
    let (shared, at_most) = match shape {
        Shape::Embedded => (&EMBEDDED, u32::MAX),
        Shape::Distributed => (&DISTRIBUTED, TESTS_ON_MONGODB),
        Shape::DistributedOnPostgres => (&ON_POSTGRES, u32::MAX),
    };
    Some(Lent { house: shared.lend(shape, at_most).await, _place: None })
}

/// Returns a house for one test. Nothing, and a line that says so, where the backends are not there.
///
/// # Panics
///
/// Where it cannot be started.
pub async fn house_of_its_own(plan: Plan, test: &str) -> Option<Lent<Box<House>>> {
    /// Seven processes are many for a small machine, and each house reserves room of the bus.
    static DISTRIBUTED: Semaphore = Semaphore::const_new(1);
    if is_skipped(plan.shape, test) {
        return None;
    }
    let place = match plan.shape {
        Shape::Embedded => None,
        _ => Some(DISTRIBUTED.acquire().await.expect("it is never closed")),
    };
    let house = House::start(plan).await.unwrap_or_else(|error| panic!("the house does not stand: {error:#}"));
    Some(Lent { house: Box::new(house), _place: place })
}

fn is_skipped(shape: Shape, test: &str) -> bool {
    if shape == Shape::Embedded {
        return false;
    }
    match Backends::of_environment() {
        Ok(_) => false,
        Err(missing) => {
            eprintln!("SKIPPED {test}: no {missing}");
            true
        }
    }
}
