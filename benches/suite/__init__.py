"""The benchmark suite of `benches/run`: works, contenders, measurements, report."""
