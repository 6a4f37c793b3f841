import fc from 'fast-check';

/** Loaded before every test when RUNS is set: how many random cases each property test tries, where it names no number of its own. */
fc.configureGlobal({ numRuns: Number(process.env['RUNS']) });
