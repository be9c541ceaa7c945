/** Under this registered symbol the code for viewers who look at the app together is found once it is there. */
export const TOGETHER_API: unique symbol = Symbol.for('wingman.together');

/** What that code needs of the app's frame. */
export interface FollowedFrame {
  /** Undefined while another site's document is in the frame. */
  readonly window: Window | undefined;
  readonly url: string | undefined;
  go(url: string, replaces: boolean): void;
  load(url: string): void;
}

/** Shows in an element what this tab can do together with others; returns what takes it out again. */
export type ShowTogether = (slot: Element, frame: FollowedFrame) => () => void;
