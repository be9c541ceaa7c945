export { admitSession, admitShim, type Admission } from './admission.js';
export { clearsSiteData } from './clear-site-data.js';
export { EMBEDDER_POLICY, forbidsEmbedding, ISOLATING, restrictsEmbedding } from './isolation.js';
export { WEB_POLICY_LIMITS } from './limits.js';
export { admitOwnOrigins, type OwnAddress } from './own-origins.js';
export {
  injectShim,
  SHIM_PATH,
  ShimInjector,
  shimStream,
  shimTag,
  takesShim,
} from './shim-injector.js';
