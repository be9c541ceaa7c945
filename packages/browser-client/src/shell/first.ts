import { registerEarly, trustOwnScripts } from './own-scripts.js';

trustOwnScripts(window);
registerEarly(window);
