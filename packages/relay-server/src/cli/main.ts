import { exit, stdout } from 'node:process';
import { run } from './program.js';

const HOURLY = 3_600_000;

// Nothing else may keep the process alive while it waits to reach the tunnel server again.
const alive = setInterval(() => undefined, HOURLY);
const code = await run(process.argv.slice(2));
clearInterval(alive);
// What was written has to leave first; a WebRTC engine's threads must not hold the process.
stdout.write('', () => exit(code));
