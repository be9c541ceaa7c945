/** The pages that are answered: each with its code and all of its HTML. */
export function answeredPages(): { name: string; html: string }[];
/** A page that lists its `scenes`, whose `show(name)` draws one. */
export function galleryPage(): Promise<string>;
/** Where the picture of a scene lies, below docs/images. */
export function pictureOf(scene: string): string;
/** Runs in the page: all that it says, without its times. */
export function words(): string;
