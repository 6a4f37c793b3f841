import { writeFileSync } from 'node:fs';

/** Loaded before a program to be measured: writes the most memory it ever held, in bytes, to the file that PEAK_FILE names. */
const out = process.env['PEAK_FILE'];
if (out !== undefined) process.on('exit', () => writeFileSync(out, String(process.resourceUsage().maxRSS * 1024)));
