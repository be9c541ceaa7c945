import { exit, stdout } from 'node:process';
import { holdProcess } from './process.js';
import { run } from './program.js';

const letGo = holdProcess();
const code = await run(process.argv.slice(2));
letGo();
// What was written has to leave first; a WebRTC engine's threads must not hold the process.
stdout.write('', () => exit(code));
