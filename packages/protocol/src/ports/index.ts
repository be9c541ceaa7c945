// What is said over MessagePorts, from one thread of a browser to another: the door of this folder
// (`@wingman/protocol/ports`). A question with an answer is `ask`. Exchanges share a port by `PortMux`, and
// their bodies are chunks with byte credit.
export * from './ask.js';
export * from './chunks.js';
export * from './credit.js';
export * from './port-body.js';
export * from './port-mux.js';
export * from './read-ahead.js';
