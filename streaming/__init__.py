"""The vocabulary of a call, the ports to the outside, and the pure mechanics of audio and event streams."""
