"""python -m augtune"""

from .cli import main

main()
