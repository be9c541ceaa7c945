export { admitSession, admitShim } from './admission.js';
export { clearsSiteData } from './clear-site-data.js';
export { EMBEDDER_POLICY, forbidsEmbedding, ISOLATING, restrictsEmbedding } from './isolation.js';
export { admitOwnOrigins, type OwnAddress } from './own-origins.js';
export { injectShim, shimStream, shimTag, takesShim } from './shim-injector.js';
