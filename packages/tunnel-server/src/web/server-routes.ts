import { OWN_SERVER } from '@wingman/node-kit';
import { escapeHtml, NOT_FOUND, ownPageHeaders } from '@wingman/protocol';
import { Router } from 'express';
import { operatorRoutes, type OperatorRouteOptions } from '../operator/operator-routes.js';
import {
  CERTIFICATE_PATH,
  certificateQuestions,
  type CertificateQuestionOptions,
} from './certificate-questions.js';
import { inlineHashes } from './inline-hashes.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { sendProblem } from './problems.js';

export interface ServerRouteOptions extends OperatorRouteOptions, CertificateQuestionOptions {
  registry: SessionRegistry;
  version: string;
}

/** The pages of the tunnel server's own name. */
export function serverRoutes(options: ServerRouteOptions): Router {
  const { version } = options;
  const router = Router({ caseSensitive: true });
  const index = indexPage(version);
  const headers = {
    ...ownPageHeaders({ 'style-src': inlineHashes(index, 'style') }),
    // Nothing opens these pages in a window of its own; a session's pages can't have it, because popups need their opener.
    'cross-origin-opener-policy': 'same-origin',
    server: OWN_SERVER,
  };
  router.use((_req, res, next) => {
    res.set(headers);
    next();
  });
  router.get('/healthz', (_req, res) => void res.json({ status: 'ok', version }));
  router.get(CERTIFICATE_PATH, certificateQuestions(options));
  router.use(operatorRoutes(options));
  router.get('/', (_req, res) => void res.type('html').send(index));
  router.use((req, res) => sendProblem(req, res, NOT_FOUND));
  return router;
}

/** What a person sees who opens the tunnel server's own name. */
function indexPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Wingman tunnel server</title>
<style>:root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.55 system-ui,sans-serif}main{max-width:34rem;padding:2rem}code{font:14px ui-monospace,monospace}small{opacity:.7}</style>
<main>
<h1>Wingman tunnel server</h1>
<p>Developers share what runs on their localhost through this server; reviewers open it in a browser.</p>
<p>To share a local port: <code>wingman 3000 --server &lt;this URL&gt;</code></p>
<p>Each session has a name of its own below this one. Its link comes from whoever shares it.</p>
<p><small>Version ${escapeHtml(version)} · <a href="/healthz">health</a> · <a href="/metrics">metrics</a></small></p>
</main>
</html>
`;
}
