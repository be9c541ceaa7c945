// The bare peer of the comparison: one node-datachannel connection, no protocol of ours. Speaks JSON lines on stdio.
import { createInterface } from 'node:readline';
import { PeerConnection } from 'node-datachannel';

const CHUNK = Buffer.alloc(32 * 1024, 'raw ');
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;

const say = (message) => console.log(JSON.stringify(message));
const peer = new PeerConnection('raw', { iceServers: [] });
peer.onLocalDescription((sdp, type) => say({ type, sdp }));
peer.onLocalCandidate((candidate, mid) => say({ candidate, mid }));
peer.onDataChannel((channel) => serve(channel));

/** "echo" comes back; "down N" sends N bytes; binary is counted until "up N" has come in full, then answered. */
function serve(channel) {
  let expected = 0;
  let received = 0;
  channel.setBufferedAmountLowThreshold(LOW_WATER);
  channel.onMessage((message) => {
    if (typeof message === 'string' && message.startsWith('down '))
      return send(channel, Number(message.slice(5)));
    if (typeof message === 'string' && message.startsWith('up ')) {
      expected = Number(message.slice(3));
      received = 0;
      return undefined;
    }
    if (typeof message === 'string') return channel.sendMessage(message);
    received += message.byteLength;
    if (received === expected) channel.sendMessage('done');
    return undefined;
  });
}

function send(channel, size) {
  let left = size;
  const pump = () => {
    while (left > 0 && channel.bufferedAmount() < HIGH_WATER) {
      channel.sendMessageBinary(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
      left -= CHUNK.length;
    }
  };
  channel.onBufferedAmountLow(pump);
  pump();
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.type === 'offer') peer.setRemoteDescription(message.sdp, message.type);
  else if (message.candidate) peer.addRemoteCandidate(message.candidate, message.mid);
});
say({ ready: true });
