// One end of many direct paths that have nothing to say, by the host's own engine: a host's or the viewers', as the first
// argument says. Descriptions and candidates go to the other end by the process that has started both.
import { systemClock, Link } from '@wingman/protocol';
import { loadEngine } from '../../packages/relay-server/dist/tunnel/webrtc/webrtc-adapter.js';

const isViewer = process.argv[2] === 'viewers';
const { engine } = await loadEngine('auto');
const ends = new Map();

function end(id) {
  const link = new Link({
    ...{ id, role: isViewer ? 'initiator' : 'acceptor', clock: systemClock, isWatched: false },
    ...(isViewer ? { preference: 'auto' } : {}),
  });
  const peer = engine.createPeer([], {
    candidate: (candidate) => process.send({ id, candidate }),
    channel: (carrier) => {
      link.attach(carrier, 'p2p');
      process.send({ ready: id });
    },
    closed: () => undefined,
  });
  ends.set(id, { link, peer });
  return peer;
}

const actions = {
  open: async ({ open: id }) => process.send({ id, offer: await end(id).createOffer() }),
  offer: async ({ id, offer }) => process.send({ id, answer: await end(id).acceptOffer(offer) }),
  answer: ({ id, answer }) => ends.get(id).peer.acceptAnswer(answer),
  candidate: ({ id, candidate }) => ends.get(id)?.peer.addCandidate(candidate),
  count: () => {
    const open = [...ends.values()].filter(({ link }) => link.state === 'open');
    process.send({ counted: open.length });
  },
};

// In their order, because candidates follow their description.
let last = Promise.resolve();
process.on('message', (message) => {
  const action = Object.keys(actions).find((name) => name in message);
  last = last.then(() => actions[action]?.(message));
});
process.once('disconnect', () => process.exit());
process.send({ started: engine.name });
