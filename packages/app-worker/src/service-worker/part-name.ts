/** Replaced by scripts/bundle.mjs. */
declare const WINGMAN_VERSION: string;

/** Under this name the script of the part leaves what makes it; that of another version is not taken. */
export const partName = (): string => `wingmanAppWorkersPart ${WINGMAN_VERSION}`;
