export { freePort } from '../../packages/node-kit/test/support/free-port.js';
