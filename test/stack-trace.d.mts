export declare const stackTrace: RegExp;
