//! Local response normalisation, to within a few units in the last place.

use super::*;
use crate::kernel::local_response::LocalResponse;
use crate::kernel::naive;

#[test]
fn local_responses() {
    // Planes of a part of a block, of one, and of several; windows wider than the channels, and of one channel.
    for (channels, area) in [(1, 1), (3, 7), (7, 16), (9, 35)] {
        for (size, alpha, beta, k) in
            [(5, 1e-4, 0.75, 1.0), (4, 0.5, 0.75, 2.0), (1, 1.0, 1.0, 0.5), (12, 2.0, 0.4, 1.0)]
        {
            let norm = LocalResponse { channels, area, size, alpha, beta, k };
            for batch in BATCHES {
                let mut integers = Integers((channels * size) as u64);
                let [x, dy] = [(); 2].map(|()| integers.samples(batch, channels * area));
                let (mut y, mut dx) = (x.clone(), x.clone());
                for n in 0..batch {
                    naive::local_response_forward(&mut y[n], &x[n], &norm);
                    naive::local_response_backward(&mut dx[n], &dy[n], &x[n], &norm);
                }
                for exec in ways(batch) {
                    let what = |pass| format!("{pass} of {norm:?}, batch {batch}");
                    let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
                    let (mut found_y, mut found_dx) = (nan(x.len()), nan(x.len()));
                    norm.forward(&mut found_y, &x, exec);
                    assert_near(&what("forward"), exec, &found_y, &y);
                    norm.backward(&mut found_dx, &dy, &x, &found_y, &mut nan(x.len()), exec);
                    assert_near(&what("backward"), exec, &found_dx, &dx);
                }
            }
        }
    }
}
