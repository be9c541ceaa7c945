// Bodies over a MessagePort: the door of this folder (`@wingman/protocol/ports`).
export * from './byte-stream.js';
export * from './chunks.js';
export * from './messages.js';
export * from './port-body.js';
