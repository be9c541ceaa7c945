#!/usr/bin/env node
import '../dist/wingman.js';
