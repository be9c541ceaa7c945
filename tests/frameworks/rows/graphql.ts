import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SERVER = `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

const events = createPubSub();
const posts = [];
const schema = createSchema({
  typeDefs: \`
    type Post { id: Int!, text: String! }
    type Query { posts: [Post!]! }
    type Mutation { add(text: String!): Post!, remove(id: Int!): Boolean!, clear: Int!, upload(file: File!): String! }
    type Subscription { added: Post!, countdown(from: Int!): Int! }
    scalar File
  \`,
  resolvers: {
    Query: { posts: () => posts },
    Mutation: {
      add: (_, { text }) => {
        const post = { id: posts.length + 1, text };
        posts.push(post);
        events.publish('added', { added: post });
        return post;
      },
      remove: (_, { id }) => posts.splice(posts.findIndex((post) => post.id === id), 1).length === 1,
      clear: () => (posts.length = 0),
      upload: async (_, { file }) => file.name + ' with ' + (await file.text()).length,
    },
    Subscription: {
      added: { subscribe: () => events.subscribe('added') },
      countdown: {
        subscribe: async function* (_, { from }) {
          for (let n = from; n >= 0; n--) yield { countdown: n };
        },
      },
    },
  },
});
const yoga = createYoga({ schema });
const library = (name) => readFileSync('node_modules/' + name, 'utf8');
const files = {
  '/': ['text/html', readFileSync('index.html', 'utf8')],
  '/ws.js': ['text/javascript', library('graphql-ws/umd/graphql-ws.js')],
  '/sse.js': ['text/javascript', library('graphql-sse/umd/graphql-sse.js')],
};
const server = createServer((request, response) => {
  const [type, text] = files[request.url] ?? [];
  if (text === undefined) return yoga(request, response);
  response.writeHead(200, { 'content-type': type }).end(text);
});
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(Number(process.env.PORT));
`;

const PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>GraphQL</title><link rel="icon" href="data:," /></head>
  <body>
    <h1>GraphQL with subscriptions</h1>
    <script src="/ws.js"></script>
    <script src="/sse.js"></script>
    <script>
      const ask = async (query, variables) => {
        const answer = await fetch('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables }),
        });
        return (await answer.json()).data;
      };
      /** All that a subscription gives; the callback is told of each. */
      const subscribe = (client, query, each) => new Promise((resolve, reject) => {
        const seen = [];
        const dispose = client.subscribe({ query }, {
          next: ({ data }) => {
            seen.push(data);
            if (each?.(seen) === 'enough') dispose();
          },
          error: (error) => reject(new Error('subscription: ' + JSON.stringify(error))),
          complete: () => resolve(seen),
        });
      });
      const base = location.href.split('#')[0];
      document.body.className = 'ready';
      const clients = {
        ws: () => graphqlWs.createClient({ url: base.replace('http', 'ws') + 'graphql' }),
        sse: () => graphqlSse.createClient({ url: base + 'graphql' }),
      };
    </script>
  </body>
</html>
`;

declare function ask(query: string, variables?: object): Promise<Record<string, unknown>>;
declare function subscribe(
  client: unknown,
  query: string,
  each?: (seen: readonly unknown[]) => string | undefined,
): Promise<unknown[]>;
declare const clients: Record<string, () => { dispose(): void }>;

async function mutate(visit: Visit): Promise<unknown> {
  await visit.has('.ready');
  return visit.root.evaluate(async () => {
    await ask('mutation { clear }');
    const added = await ask('mutation ($text: String!) { add(text: $text) { id text } }', {
      text: 'grüße',
    });
    const removed = await ask('mutation { remove(id: 1) }');
    return [added, removed, await ask('{ posts { id text } }')];
  });
}

const uploads = (visit: Visit): Promise<unknown> =>
  visit.root.evaluate(async () => {
    const form = new FormData();
    const query = 'mutation ($file: File!) { upload(file: $file) }';
    form.set('operations', JSON.stringify({ query, variables: { file: null } }));
    form.set('map', JSON.stringify({ 0: ['variables.file'] }));
    form.set('0', new File(['x'.repeat(100_000)], 'naïve.txt'));
    const answer = await fetch('/graphql', { method: 'POST', body: form });
    return answer.json() as Promise<unknown>;
  });

/** A stream that ends by itself, and one that tells of mutations made meanwhile until it is given up. */
const subscribes = (transport: string) => (visit: Visit) =>
  visit.root.evaluate(async (name) => {
    const client = clients[name]?.();
    const counted = await subscribe(client, 'subscription { countdown(from: 5) }');
    const add = (text: string): void => {
      void ask('mutation ($text: String!) { add(text: $text) { id } }', { text });
    };
    // The first is there at once: the server has subscribed when the second stream tells of it.
    const poke = setInterval(() => add('poke'), 300);
    const told = await subscribe(client, 'subscription { added { text } }', (seen) => {
      clearInterval(poke);
      if (JSON.stringify(seen).includes('told')) return 'enough';
      if (seen.length === 1) add('told');
      return undefined;
    });
    client?.dispose();
    const texts = new Set(told.map((post) => JSON.stringify(post)));
    return [counted, [...texts]];
  }, transport);

export const graphql: Framework = {
  name: 'graphql',
  title: 'GraphQL Yoga',
  packages: ['graphql-yoga', 'graphql-ws', 'graphql-sse'],
  scaffold: [
    {
      'package.json': JSON.stringify({ private: true, type: 'module' }),
      'server.js': SERVER,
      'index.html': PAGE,
    },
    'cd graphql && npm install graphql-yoga@5.24.1 graphql-ws@6.4.2 graphql-sse@2.6.1 graphql@16 ws@8',
  ],
  start: ({ app }) => `PORT=${app} node server.js`,
  shows: 'GraphQL with subscriptions',
  edits: [],
  checks: [
    { what: 'queries and mutations', run: mutate },
    { what: 'upload', run: uploads },
    { what: 'subscriptions by WebSocket', run: subscribes('ws') },
    { what: 'by server-sent events', run: subscribes('sse') },
  ],
};
