import { ConfigError } from '@wingman/node-kit';
import { shareConfig, type ShareGiven } from '../../src/config.js';

/** The settings of a host on port 3000. */
export const share = (given: ShareGiven = {}, env: Record<string, string> = {}) =>
  shareConfig({ port: '3000', ...given }, env);

/** What is said of settings that are refused. */
export function complaint(given: ShareGiven, env: Record<string, string> = {}): string {
  try {
    share(given, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('was accepted');
}
