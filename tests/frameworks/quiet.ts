/** Environment for scaffolders and dev servers: no questions, no telemetry, no colours, no audits. */
export const QUIET = {
  CI: '1',
  // What npm and Jest tell the programs that they start is not for these.
  NODE_ENV: undefined,
  npm_config_local_prefix: undefined,
  NO_COLOR: '1',
  FORCE_COLOR: '0',
  BROWSER: 'none',
  npm_config_yes: 'true',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
  ASTRO_TELEMETRY_DISABLED: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  NG_CLI_ANALYTICS: 'false',
  NUXT_TELEMETRY_DISABLED: '1',
  STORYBOOK_DISABLE_TELEMETRY: '1',
};
