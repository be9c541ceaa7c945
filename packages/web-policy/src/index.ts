export { admitSession, admitShim } from './admission.js';
export { clearsSiteData } from './clear-site-data.js';
export { EMBEDDER_POLICY, forbidsEmbedding, ISOLATING, restrictsEmbedding } from './isolation.js';
export { admitOwnOrigins } from './own-origins.js';
export { injectShim, shimStream, shimTag, takesShim } from './shim-injector.js';
