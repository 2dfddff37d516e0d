import './player.js';
import './still.js';
import './app.js';
