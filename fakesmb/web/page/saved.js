// A page that holds its messages itself: no server, no network.

import { byId } from "./dom.js";
import { Saved } from "./source.js";
import { View } from "./view.js";

byId("filter").placeholder = "words that a message has";
new View(new Saved(document)).begin();
