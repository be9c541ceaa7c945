export {
  closePairs,
  openPair,
  type SocketPair,
} from '../../../node-kit/test/support/socket-pair.js';
