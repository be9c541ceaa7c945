/** Through which door an exchange came: a viewer's own link, or the tunnel server's plain HTTP door. */
export type Via = 'viewer' | 'ingress';
