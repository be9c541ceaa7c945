import { makePart } from './part.js';
import { partName } from './part-name.js';

// A script of its own: see late-app-workers.ts.
Object.assign(globalThis, { [partName()]: makePart });
