import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { eventually, Program, ROOT } from '../support/program.js';
import { startServer } from '../support/share.js';
import { inFolder, output } from './in-folder.js';

const METRICS_TOKEN = 'a-metrics-token-of-this-check';
const RULES = ['prometheus-rules.yml', 'prometheus-rules.test.yml'];

/**
 * Prometheus scrapes a server with its token, has the rules in force and answers each question of the dashboard, and
 * `promtool` finds that each alert fires when it should.
 */
export function checkPrometheus(): Promise<string[]> {
  return inFolder(async (folder) => {
    for (const file of RULES) copyFileSync(join(ROOT, 'deploy', file), join(folder, file));
    const found = output('promtool', 'check', 'rules', join(folder, 'prometheus-rules.yml'));
    output('promtool', 'test', 'rules', join(folder, 'prometheus-rules.test.yml'));
    const server = await startServer([], { METRICS_TOKEN });
    try {
      await demandMetrics(server.url);
      const { alerts, panels } = await scrape(folder, server.port);
      const [count = '?'] = /\d+ rules/.exec(found) ?? [];
      return [
        output('sh', '-c', 'prometheus --version 2>&1').split('\n')[0] ?? '',
        `${count}, each tested; ${alerts.length} in force at a Prometheus that scrapes the server`,
        `the ${panels} panels of Grafana's dashboard ask what it can answer (no Grafana has shown them)`,
      ];
    } finally {
      await server.program.stop();
    }
  });
}

/** Rules and dashboard speak of nothing that the server doesn't count. */
async function demandMetrics(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  const texts = ['prometheus-rules.yml', 'grafana-dashboard.json'].map((file) =>
    readFileSync(join(ROOT, 'deploy', file), 'utf8'),
  );
  for (const [found] of texts.join().matchAll(/wingman_\w+/g)) {
    // Of a histogram the buckets are asked for.
    const name = found.replace(/_bucket$/, '');
    if (!metrics.includes(`# TYPE ${name} `)) throw new Error(`no server has ${name}`);
  }
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

type Ask = <T>(path: string) => Promise<T>;

/** Has Prometheus carry out each question of the dashboard as Grafana would send it; returns the number of panels. */
async function tryDashboard(ask: Ask): Promise<number> {
  const text = readFileSync(join(ROOT, 'deploy/grafana-dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as Dashboard;
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      const query = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
      const answer = await ask<{ resultType: string } | undefined>(
        `query?query=${encodeURIComponent(query)}`,
      );
      if (answer?.resultType !== 'vector') throw new Error(`${title} asks in vain: ${query}`);
    }
  }
  return panels.length;
}

/** The alerts of a Prometheus that has scraped the server, and how many panels of the dashboard it answers. */
async function scrape(
  folder: string,
  target: number,
): Promise<{ alerts: string[]; panels: number }> {
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['prometheus-rules.yml'],
    scrape_configs: [
      {
        job_name: 'wingman',
        authorization: { credentials: METRICS_TOKEN },
        static_configs: [{ targets: [`127.0.0.1:${target}`] }],
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const program = new Program('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  try {
    const ask: Ask = async <T>(path: string) =>
      ((await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as { data: T }).data;
    await eventually('a scrape', async () => {
      const { result } = await ask<{ result: unknown[] }>('query?query=wingman_sessions');
      return result.length === 1;
    });
    type Groups = { groups: { rules: { name: string }[] }[] };
    const { groups } = await ask<Groups>('rules');
    const alerts = groups.flatMap(({ rules }) => rules.map(({ name }) => name));
    return { alerts, panels: await tryDashboard(ask) };
  } catch (error) {
    throw new Error(program.output(), { cause: error });
  } finally {
    await program.stop();
  }
}
