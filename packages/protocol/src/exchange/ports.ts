/** On a viewer's link, a GET of this target is answered by the host itself, with a PortsAnswer as JSON. */
export const PORTS_TARGET = '/__wingman/ports';

/** The ports of the developer's machine that a viewer's requests may name. */
export interface PortsAnswer {
  /** The shared port: the app's origin there is `http://localhost:<port>`. */
  port: number;
  /** Those allowed beside it. */
  also: number[];
}
